"""Bring Debian 13's Redis, Valkey (both with TLS) and Prometheus here, uninstalled. Usage: fetch_servers.py [DIR]

apt fetches and verifies the packages with a state of its own, so the machine's is left alone and root is not needed.
The libraries that the servers were built with come along, the C library too: the machine's release does not matter.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "trixie"
MIRROR = "http://deb.debian.org/debian"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PROGRAMS = ("redis-server", "valkey-server", "prometheus", "promtool")
# In Debian a Redis server is a link to the tools' redis-check-rdb.
PACKAGES = (
    *("redis-server", "redis-tools", "valkey-server", "valkey-tools"),
    *("prometheus", "promtool"),
    *("libatomic1", "libc6", "libcap2", "libgcc-s1", "libjemalloc2", "liblzf1", "libssl3t64", "libstdc++6"),
    *("libsystemd0", "libzstd1", "zlib1g"),
    "libfaketime",  # for tests in which a server's clock jumps
)
DIRECTORY = Path(__file__).parents[1] / ".cache" / "servers"
# The loader is told the program's name: one binary serves, or checks a file, depending on how it is called.
WRAPPER = """#!/bin/sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit
exec "$here/{loader}" --library-path "$here/{libraries}" --argv0 {name} "$here/{binary}" "$@"
"""
APT = re.compile(r"^(?:deb\s+(?:\[[^]]*]\s+)?|URIs:\s*)(\S+/debian)/?(?:\s|$)", re.MULTILINE)
VERSION = re.compile(r"\b(?:v=|version )\d+\.\d+")
TIMEOUT = 300


def mirror() -> str:
    """Where this machine gets Debian from; apt's other files name other vendors' packages."""
    for name in ("sources.list", "sources.list.d/debian.sources"):
        file = Path("/etc/apt", name)
        if file.is_file() and (found := APT.search(file.read_text("utf-8"))):
            return found[1]
    return MIRROR


def run(*command: str | Path, cwd: Path) -> None:
    """Run one command; ends with its last line of complaint if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT, check=False)  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        sys.exit(f"{' '.join(map(str, command[:1]))} did not end within {TIMEOUT} s: is the mirror in reach?")
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
        sys.exit(f"{command[0]} failed: {said[-1]}")


def missing() -> str:
    """What this machine lacks; empty if nothing."""
    lacks = [program for program in ("apt-get", "dpkg-deb") if not shutil.which(program)]
    if lacks:
        return f"{' and '.join(lacks)} not found: this works on Debian and its kin"
    return "" if KEYRING.is_file() else f"{KEYRING} not found: install the package debian-archive-keyring"


def works(directory: Path) -> bool:
    """Whether every program runs and tells its version, and all that was fetched is there."""
    if not any(directory.glob("root/usr/lib/*/faketime/libfaketimeMT.so.1")):
        return False
    for name in PROGRAMS:
        try:
            said = subprocess.run(  # noqa: S603 - our own wrapper
                [directory / name, "--version"], capture_output=True, text=True, timeout=10, check=False
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            return False
        if not VERSION.search(said):
            return False
    return True


def download(work: Path) -> list[Path]:
    """Fetch the packages and return where they are."""
    for part in ("lists/partial", "archives/partial"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n", encoding="utf-8")
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache::Archives": work / "archives",
        "Dir::Cache::PkgCache": "",
        "Dir::Cache::SrcPkgCache": "",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",  # icons of desktop programs, 8 MB
        "APT::Sandbox::User": "root",  # apt's own user may not be able to reach this directory
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    run("apt-get", "-q", *options, "update", cwd=work)
    run("apt-get", "-q", *options, "download", *(f"{package}/{SUITE}" for package in PACKAGES), cwd=work / "archives")
    return sorted((work / "archives").glob("*.deb"))


def unpack(packages: list[Path], target: Path) -> None:
    """Make a directory that holds all programs."""
    root = target / "root"
    root.mkdir(parents=True)
    for package in packages:
        run("dpkg-deb", "-x", package, root, cwd=target)
    loader = next(root.glob("usr/lib*/ld-linux*.so.*"), None)
    libraries = next(root.glob("usr/lib/*-linux-gnu*"), None)
    if loader is None or libraries is None:
        sys.exit(f"the packages of {SUITE} are laid out differently: neither loader nor libraries were found")
    for name in PROGRAMS:
        wrapper = target / name
        places = {"loader": loader, "libraries": libraries, "binary": root / "usr" / "bin" / name}
        relative = {part: place.relative_to(target) for part, place in places.items()}
        wrapper.write_text(WRAPPER.format(name=name, **relative), encoding="utf-8")
        wrapper.chmod(0o755)


def main(target: Path) -> None:
    """Fetch them, unless they are there: whole, or not at all."""
    if works(target):
        return
    if lacks := missing():
        sys.exit(lacks)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target: a rename replaces nothing halfway.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}.") as name:
        work = Path(name)
        unpack(download(work), work / "servers")
        if not works(work / "servers"):
            sys.exit("the programs were fetched, but do not run on this machine: nothing was kept")
        shutil.rmtree(target, ignore_errors=True)
        (work / "servers").rename(target)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else DIRECTORY).absolute())
