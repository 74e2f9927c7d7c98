from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from app.example import tasks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_file_that_many_threads_write_at_once_is_whole_and_nobody_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAVEN_FILES_DIR", str(tmp_path))
    texts = [bytes([65 + place]) * 50_000 for place in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(40):
            list(pool.map(lambda text: tasks.write_once("reports/one.md", text), texts))
            assert (tmp_path / "reports" / "one.md").read_bytes() in texts
    assert [file.name for file in (tmp_path / "reports").iterdir()] == ["one.md"]
