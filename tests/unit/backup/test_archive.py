from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from app.backup import archive
from app.backup.archive import Draft, Manifest
from app.backup.rdb import read_header
from app.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_795_678_269.7
BODY = b"an RDB"
MANIFEST = Manifest(
    haven="1.0.0",
    engine="redis",
    release="8.2.3",
    rdb=12,
    taken_at="2026-11-26T07:31:09.700+00:00",
    node="127.0.0.1:6379",
    replication=f"{'a' * 40} 42",
    database=0,
    size=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
    seconds=0.1,
)


def backup(path: Path, manifest: Manifest = MANIFEST) -> Path:
    with Draft(path) as draft:
        draft.write([BODY])
        draft.keep(manifest)
    return path


def test_it_is_named_by_its_time_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = archive.place_for(tmp_path / "backups", NOW)
    assert path.name == "haven-20261126T073109Z.rdb"
    backup(path)
    assert {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {
        "haven-20261126T073109Z.rdb": 0o600,
        "haven-20261126T073109Z.json": 0o600,
    }
    assert archive.check(path) == MANIFEST
    with pytest.raises(BackupError, match="is there already: give --out another name"):
        archive.place_for(tmp_path / "backups", NOW)


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stream() -> Iterator[bytes]:
        yield BODY
        raise BackupError("the node is gone")

    with pytest.raises(BackupError, match="the node is gone"), Draft(tmp_path / "a.rdb") as draft:
        draft.write(stream())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match=r"No space left on device.*make room"), Draft(tmp_path / "a.rdb") as draft:
        draft.write([BODY])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_when_the_manifest_comes_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive, "write_whole", full)
    with Draft(tmp_path / "a.rdb") as draft:
        draft.write([BODY])
        with pytest.raises(BackupError, match="No space left"):
            draft.keep(MANIFEST)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_don_t_write_into_one_file(tmp_path: Path) -> None:
    with Draft(tmp_path / "a.rdb"), pytest.raises(BackupError, match="another backup"):
        Draft(tmp_path / "a.rdb")
    Draft(tmp_path / "a.rdb").__exit__()


def test_a_second_node_begins_anew(tmp_path: Path) -> None:
    with Draft(tmp_path / "a.rdb") as draft:
        draft.write([b"half of what the first node h"])
        draft.write([BODY])
        draft.keep(MANIFEST)
    assert (tmp_path / "a.rdb").read_bytes() == BODY
    assert archive.check(tmp_path / "a.rdb") == MANIFEST


def test_only_the_oldest_of_its_own_are_removed(tmp_path: Path) -> None:
    for hour in range(5):
        backup(tmp_path / f"haven-20261126T0{hour}0000Z.rdb")
    backup(tmp_path / "before-the-move.rdb")
    (tmp_path / "haven-20261125T000000Z.rdb").write_bytes(b"without a manifest: perhaps being copied here")
    gone = archive.prune(tmp_path, 2)
    assert [path.name for path in gone] == [f"haven-20261126T0{hour}0000Z.rdb" for hour in range(3)]
    assert sorted(path.name for path in tmp_path.glob("*.rdb")) == [
        "before-the-move.rdb",
        "haven-20261125T000000Z.rdb",
        "haven-20261126T030000Z.rdb",
        "haven-20261126T040000Z.rdb",
    ]
    assert len(list(tmp_path.glob("*.json"))) == 3


def test_the_newest_of_a_directory_is_meant(tmp_path: Path) -> None:
    backup(tmp_path / "z.rdb")
    newest = backup(tmp_path / "a.rdb", replace(MANIFEST, taken_at="2027-01-01T00:00:00.000+00:00"))
    assert archive.find(tmp_path) == newest
    assert archive.find(tmp_path / "z.rdb") == tmp_path / "z.rdb"
    for nothing in (tmp_path / "b.rdb", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(BackupError, match=r"not there|no backup"):
            archive.find(nothing)


def test_what_is_damaged_or_newer_is_refused(tmp_path: Path) -> None:
    path = backup(tmp_path / "a.rdb")
    path.write_bytes(BODY + b"!")
    with pytest.raises(BackupError, match="SHA-256"):
        archive.check(path)
    path.write_bytes(BODY)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps({**asdict(MANIFEST), "format": 2, "haven": "3.1.0", "new": 1}))
    with pytest.raises(BackupError, match=r"format 2, made by Haven 3\.1\.0"):
        archive.check(path)
    beside.write_text("{}")
    with pytest.raises(BackupError, match="no manifest"):
        archive.check(path)
    beside.unlink()
    with pytest.raises(BackupError, match="copy them together"):
        archive.check(path)


def rdb(head: bytes, end: bytes = b"\xff12345678") -> bytes:
    return head + b"\xfe\x00\xfb\x01\x00" + end


REDIS = b"REDIS0012\xfa\x09redis-ver\x058.2.3\xfa\x0aredis-bits\xc0\x40\xfa\x05ctime\xc2\x6d\x08\xbc\x65"
VALKEY = b"VALKEY080\xfa\x0avalkey-ver\x059.0.1"
VALKEY_8 = b"REDIS0011\xfa\x09redis-ver\x057.2.4\xfa\x0avalkey-ver\x058.1.1"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (REDIS, "redis 8.2.3 (RDB version 12)"),
        (VALKEY, "valkey 9.0.1 (RDB version 80)"),
        (VALKEY_8, "valkey 8.1.1 (RDB version 11)"),
    ],
)
def test_an_rdb_says_who_wrote_it(tmp_path: Path, head: bytes, said: str) -> None:
    path = tmp_path / "a.rdb"
    path.write_bytes(rdb(head))
    assert str(read_header(path)) == said


@pytest.mark.parametrize("body", [b"", b"REDIS", b"<html>" * 20, rdb(REDIS, b"\xff1234"), REDIS])
def test_half_an_rdb_is_none(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.rdb"
    path.write_bytes(body)
    with pytest.raises(BackupError, match="no whole RDB"):
        read_header(path)
