"""Backups on a disk: FILE.rdb and, beside it, FILE.json that says what it is. Both are there, or neither."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from app.errors import BackupError
from app.guardian.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT: Final = 1
_OURS: Final = re.compile(r"haven-\d{8}T\d{6}Z\.rdb")
_DRAFT: Final = ".new"
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is.

    Attributes:
        haven: the version that made it.
        engine: redis or valkey.
        release: its version.
        rdb: version of the RDB's format.
        taken_at: the moment of the data, ISO 8601.
        node: from which it was taken.
        replication: replication id and offset of that moment.
        database: the number of the application's database.
        size: bytes of the RDB.
        sha256: of the RDB.
        seconds: how long it took.
        groups: how many there were of each group of app/backup/groups.py; None: nobody counted.
        format: of this page.
    """

    haven: str
    engine: str
    release: str
    rdb: int
    taken_at: str
    node: str
    replication: str
    database: int
    size: int
    sha256: str
    seconds: float
    groups: dict[str, int] | None = None
    format: int = FORMAT

    @property
    def wrote(self) -> str:
        """Who wrote the RDB, for people."""
        return f"{self.engine} {self.release} (RDB version {self.rdb})"

    def counted(self, groups: dict[str, int]) -> Self:
        """The same with counts."""
        return replace(self, groups=groups)


def iso(seconds: float) -> str:
    """A moment, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def place_for(out: Path, now: float) -> Path:
    """The RDB's path: ``out`` itself if it ends with .rdb, else a file in that directory, named by the time.

    Raises:
        BackupError: it is there already.
    """
    path = out if out.suffix == ".rdb" else out / f"haven-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.rdb"
    for each in (path, path.with_suffix(".json")):
        if each.exists():
            raise BackupError(f"{each} is there already: give --out another name, or remove it")
    return path


class Draft:
    """An RDB that is being written. Leaving without :meth:`keep` removes what was written.

    Args:
        path: where it is to be.

    Raises:
        BackupError: another one is being written there, or nothing can be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.draft = path.with_name(path.name + _DRAFT)
        self._digest = hashlib.sha256()
        self.size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self.draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except FileExistsError:
            raise BackupError(f"{self.draft} is being written by another backup; if none runs, remove it") from None
        except OSError as error:
            raise _no_room(self.draft, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._file.close()
        self.draft.unlink(missing_ok=True)

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write all of it; what was written before goes.

        Raises:
            BackupError: the disk does not let us.
        """
        self._digest, self.size = hashlib.sha256(), 0
        try:
            self._file.seek(0)
            self._file.truncate()
            for chunk in chunks:
                self._file.write(chunk)
                self._digest.update(chunk)
                self.size += len(chunk)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _no_room(self.draft, error) from None

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._digest.hexdigest()

    def keep(self, manifest: Manifest) -> None:
        """Give it its name, and its manifest beside it.

        Raises:
            BackupError: the disk does not let us; nothing is left.
        """
        beside = self.path.with_suffix(".json")
        try:
            self.draft.rename(self.path)
            write_whole(beside, json.dumps(asdict(manifest), indent=2) + "\n")
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            beside.with_name(beside.name + _DRAFT).unlink(missing_ok=True)
            raise _no_room(beside, error) from None


def prune(directory: Path, keep: int) -> list[Path]:
    """Remove the oldest backups that `haven backup` named itself; those removed.

    Args:
        directory: where they are.
        keep: how many stay.
    """
    ours = sorted(path for path in directory.iterdir() if _OURS.fullmatch(path.name))
    gone = [path for path in ours if path.with_suffix(".json").exists()][:-keep]
    for path in gone:
        path.with_suffix(".json").unlink()  # first: what has none is no backup
        path.unlink(missing_ok=True)
    return gone


def find(path: Path) -> Path:
    """The RDB that is meant: the path itself, or the newest in that directory.

    Raises:
        BackupError: there is none.
    """
    if not path.is_dir():
        if not path.exists():
            raise BackupError(f"{path} is not there: give the path of FILE.rdb, or its directory for the newest")
        return path
    manifests = [(each, _load(each)) for each in path.glob("*.json") if each.with_suffix(".rdb").exists()]
    whole = [(str(told["taken_at"]), each.with_suffix(".rdb")) for each, told in manifests if "taken_at" in told]
    if not whole:
        raise BackupError(f"{path} has no backup (FILE.rdb with FILE.json beside it): make one by `haven backup`")
    return max(whole)[1]


def check(rdb: Path) -> Manifest:
    """Read the manifest and hold the RDB against it.

    Raises:
        BackupError: they don't belong together, one is damaged, or a newer Haven made them.
    """
    beside = rdb.with_suffix(".json")
    if not beside.exists():
        raise BackupError(f"{beside} is not there: a backup is both files, copy them together")
    fields = _load(beside)
    if isinstance(fields.get("format"), int) and fields["format"] > FORMAT:
        raise BackupError(
            f"{beside} has format {fields['format']}, made by Haven {fields.get('haven')}; this one reads {FORMAT}: "
            "use that version or a newer one"
        )
    try:
        manifest = Manifest(**fields)
    except TypeError as error:
        raise BackupError(f"{beside} is no manifest of a backup ({error}): take another backup") from None
    with rdb.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != manifest.sha256:
        raise BackupError(
            f"{rdb} is not what was written (its SHA-256 is another): copy it again, or take an older one"
        )
    return manifest


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _no_room(path: Path, error: OSError) -> BackupError:
    return BackupError(f"{path} can't be written ({error.strerror}): make room, or give --out another place")
