"""Pack the chart into dist/, the same bytes from the same files. Usage: python -m scripts.release.chart [DIRECTORY]

helm writes the time of packing into the archive. It is packed again with the time of the last commit, or of
SOURCE_DATE_EPOCH, so that whoever has the sources can see that the archive was made of them.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "haven"


def moment() -> int:
    """The time that all files get."""
    if said := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(said)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - the developer's git
    return int(done.stdout or 0)


def again(archive: bytes, at: int) -> bytes:
    """The same files in their order by name, of nobody, at one time."""
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as former,
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=at, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as made,
    ):
        # Chart.yaml comes first, as helm has it: whoever reads only the head finds it
        for member in sorted(former.getmembers(), key=lambda each: (each.name != "haven/Chart.yaml", each.name)):
            plain = tarfile.TarInfo(member.name)
            plain.size, plain.mode, plain.mtime = member.size, 0o644, at
            made.addfile(plain, former.extractfile(member))
    return packed.getvalue()


def main(target: Path) -> None:
    """Pack it and print where it is."""
    helm = shutil.which("helm")
    if not helm:
        sys.exit("helm is not on PATH: install it (helm.sh/docs/intro/install)")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        command = [helm, "package", str(CHART), "--destination", work]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - found above
        if done.returncode:
            sys.exit(f"helm did not pack the chart: {done.stderr.strip()}")
        (packed,) = Path(work).glob("*.tgz")
        made = target / packed.name
        made.write_bytes(again(packed.read_bytes(), moment()))
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist")
