"""Put uv into a virtual environment without pip: some systems ship Python without ensurepip.

The wheel's address and digest come from uv.lock, so what is run is what was locked. Usage: fetch_uv.py TARGET_DIRECTORY
"""

from __future__ import annotations

import hashlib
import io
import platform
import sys
import tomllib
import urllib.request
import zipfile
from pathlib import Path


def tags() -> tuple[str, ...]:
    """The words that a wheel for this machine has in its file name."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if sys.platform == "darwin":
        return ("macosx", machine)
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return (libc, machine)


def main(target: Path) -> None:
    """Download, verify and unpack the one binary."""
    lock = tomllib.loads(Path(__file__).parents[1].joinpath("uv.lock").read_text(encoding="utf-8"))
    package = next(package for package in lock["package"] if package["name"] == "uv")
    fitting = [wheel for wheel in package["wheels"] if all(tag in wheel["url"] for tag in tags())]
    if not fitting:
        sys.exit(
            f"uv {package['version']} has no wheel for {'/'.join(tags())}: install uv yourself, see docs.astral.sh/uv"
        )
    with urllib.request.urlopen(fitting[0]["url"], timeout=120) as answer:  # noqa: S310 - https, from the lock file
        data = answer.read()
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != fitting[0]["hash"]:
        sys.exit(f"{fitting[0]['url']} is not what uv.lock says it is: nothing was installed")
    with zipfile.ZipFile(io.BytesIO(data)) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/scripts/uv"))
        target.mkdir(parents=True, exist_ok=True)
        binary = target / "uv"
        binary.write_bytes(wheel.read(name))
        binary.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
