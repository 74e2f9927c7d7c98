from pathlib import Path

import pytest

from app.local import LocalError
from app.local.binaries import OLDEST, find_redis, parse_version


def fake(directory: Path, version: str) -> None:
    program = directory / "redis-server"
    program.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0:0 malloc=jemalloc'\n")
    program.chmod(0o755)


def test_versions_are_read() -> None:
    assert parse_version("Redis server v=8.2.3 sha=b5d43ceb:0 malloc=jemalloc-5.3.0 bits=64") == (8, 2, 3)
    assert parse_version("something else") is None


def test_the_one_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "7.2.4")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = find_redis()
    assert found.path == tmp_path / "redis-server"
    assert found.release == "7.2.4"


def test_an_old_one_on_path_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(tmp_path, "6.2.1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    try:
        assert find_redis().version >= OLDEST
    except LocalError as error:  # a machine without the wheel
        assert "redis-server is 6.2.1" in str(error)  # noqa: PT017
        assert "haven[local]" in error.remedy  # noqa: PT017
