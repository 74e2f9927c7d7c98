"""Write docs/licences.md: what the image's Python parts may be used for. Usage: licences.py [--check]

Read from the metadata of what is installed, for what uv.lock names for the image. One that is not allowed ends it.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.requirements import Requirement

from scripts.generated import settle
from scripts.release.sbom import AS_THE_IMAGE

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
IMAGE = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}
"""Where the Dockerfile runs it: what uv.lock has for others is not shipped."""
ALLOWED = {
    "Apache-2.0": "name the licence and what you changed",
    "BSD-2-Clause": "name the licence",
    "BSD-3-Clause": "name the licence; do not advertise with its authors",
    "LGPL-3.0-only": "whoever gets the image may replace the library: it is a package of its own",
    "MIT": "name the licence",
    "MIT-0": "nothing",
    "PSF-2.0": "name the licence",
    "ZPL-2.1": "name the licence and what you changed",
}
"""By its SPDX name: what it asks of who ships the image."""
CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
}
HEAD = """# Licences

What the image carries beside Haven itself (MIT), Python and Debian: every package that `uv.lock` has for it. This page
is made from their metadata by `make docs`; `make check` fails when one is added whose licence is not in the table of
`scripts/licences.py`.

| licence | what it asks of whoever ships the image |
|---|---|
"""


def shipped() -> list[str]:
    """The packages of the image, by name."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "export", "--project", str(ROOT), "--frozen", "--offline", *AS_THE_IMAGE]
    command += ["--no-emit-project", "--no-hashes", "--no-annotate", "--no-header"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - uv.lock's uv
    if done.returncode:
        sys.exit(f"uv did not list what uv.lock names: {done.stderr.strip()}")
    wanted = [Requirement(line) for line in done.stdout.splitlines() if line]
    return sorted(each.name for each in wanted if each.marker is None or each.marker.evaluate(IMAGE))


def licence(name: str) -> str:
    """The SPDX expression of an installed package; what it says of itself where that is none."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        sys.exit(f"{name} is in uv.lock and not installed: run `make install`")
    expression: str | None = said["License-Expression"]
    if expression is None:
        known = [CLASSIFIERS[each] for each in said.get_all("Classifier") or () if each in CLASSIFIERS]
        expression = known[0] if len(known) == 1 else said["License"]
    return (expression or "none").strip().splitlines()[0]


def forbidden(expression: str) -> list[str]:
    """The parts of an expression that are not allowed; of several to choose from, one is enough."""
    choices = [
        [part for part in choice.replace("(", "").replace(")", "").split(" AND ") if part not in ALLOWED]
        for choice in expression.split(" OR ")
    ]
    return min(choices, key=len)


def main(*, check: bool) -> None:
    """Write the page, or say that it is old; ends when something is not allowed."""
    found = {name: licence(name) for name in shipped()}
    wrong = [f"{name}: {expression}" for name, expression in found.items() if forbidden(expression)]
    if wrong:
        sys.exit(
            "licences that are not allowed: " + "; ".join(wrong) + "\nuse another package, "
            "or add the licence with what it asks to ALLOWED in scripts/licences.py"
        )
    used = [name for name in ALLOWED if any(name in expression.split() for expression in found.values())]
    page = HEAD + "".join(f"| {name} | {ALLOWED[name]} |\n" for name in used) + "\n| package | licence |\n|---|---|\n"
    page += "".join(f"| {name} | {expression} |\n" for name, expression in found.items())
    settle(PAGE, page, check=check)


if __name__ == "__main__":
    main(check="--check" in sys.argv[1:])
