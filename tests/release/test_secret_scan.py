"""A secret in a file ends `make check`; what is none is listed with a reason, and only as long as it is there."""

from __future__ import annotations

import secrets
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from scripts import secret_scan

if TYPE_CHECKING:
    from pathlib import Path


TAIL = secrets.token_hex(18)
RANDOM = f"1{TAIL}"
SECRETS = {
    "Secret Keyword": f"password: {RANDOM}",
    "Basic Auth Credentials": f"DATABASE_URL=postgresql://haven:{RANDOM}@db/haven",
    "Private Key": f"-----BEGIN {'RSA'} PRIVATE KEY-----\n{RANDOM}\n-----END {'RSA'} PRIVATE KEY-----",
    "AWS Access Key": "key = AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOP") for _ in range(16)),
    "GitHub Token": f"token = 'ghp_{TAIL}'",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_named_by_file_line_and_kind_and_not_shown(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"# a file\n{SECRETS[kind]}\n")
    with pytest.raises(SystemExit) as ended:
        secret_scan.main([str(file)])
    line = 3 if kind == "Private Key" else 2  # it is found by what the key has inside
    assert f"settings.yaml:{line}: {kind}" in str(ended.value)
    assert TAIL not in str(ended.value)


@pytest.mark.parametrize(
    "line", ["password: haven-secrets", "password = var.database.password", "redis://haven:hunter2@db"]
)
def test_names_expressions_and_what_is_listed_are_none(tmp_path: Path, line: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(f"{line}\n")
    secret_scan.main([str(file)])


def test_what_is_listed_and_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_scan, "files", list)
    monkeypatch.setattr(secret_scan, "CLEAN", tmp_path / ".cache" / "clean")
    with pytest.raises(SystemExit, match="'hunter2' is found nowhere: remove it"):
        secret_scan.main([])


def test_outside_of_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_scan, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SystemExit, match="git lists"):
        secret_scan.files()


def test_new_files_are_looked_at_and_ignored_ones_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, timeout=30)  # noqa: S607 - the developer's git
    (tmp_path / ".gitignore").write_text("/dist\n")
    (tmp_path / "dist").write_text("x")
    (tmp_path / "uv.lock").write_text("x")
    (tmp_path / "new.py").write_text("x")
    monkeypatch.setattr(secret_scan, "ROOT", tmp_path)
    assert secret_scan.files() == [".gitignore", "new.py"]


def test_a_clean_file_is_read_again_once_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_scan, "ROOT", tmp_path)
    monkeypatch.setattr(secret_scan, "CLEAN", tmp_path / ".cache" / "clean")
    file = tmp_path / "settings.yaml"
    file.write_text("port: 1\n")
    assert secret_scan.look(["settings.yaml"]) == []
    for _ in range(2):  # what was found is found again
        file.write_text(f"password: {RANDOM}\n")
        assert ("settings.yaml", 1, "Secret Keyword", RANDOM) in secret_scan.look(["settings.yaml"])
    file.write_text("port: 1\n")
    assert secret_scan.look(["settings.yaml"]) == []
    monkeypatch.setattr(secret_scan, "scan", None)  # it is not asked
    assert secret_scan.look(["settings.yaml"]) == []


def test_every_reason_says_something() -> None:
    accepted = tomllib.loads(secret_scan.ACCEPTED.read_text())["accepted"]
    assert all(len(entry["why"].split()) > 4 for entry in accepted)
