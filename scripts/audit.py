"""Ask osv.dev for known vulnerabilities of what uv.lock names. Usage: audit.py [--if-reachable]

Nothing to find and nobody to ask are different ends: without an answer it fails, or with --if-reachable warns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOT_ASKED = 2
"""The status of uv when it could not ask."""
PATIENCE = 30
IGNORED: dict[str, str] = {}
"""Vulnerabilities that can't be used here: the number, and why. One that gets a fix counts again."""


def main(*, warn: bool) -> None:
    """Ends with status 1 when something is known, or nothing could be asked."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "audit", "--frozen", "--preview-features", "audit-command", "--project", str(ROOT)]
    for number in IGNORED:
        command += ["--ignore-until-fixed", number]
    if service := os.environ.get("HAVEN_OSV_URL"):
        command += ["--service-url", service]
    try:
        done = subprocess.run(  # noqa: S603 - the uv of this environment
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env={"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "10"} | os.environ,
        )
        status, said = done.returncode, (done.stdout + done.stderr).strip()
    except subprocess.TimeoutExpired:
        status, said = NOT_ASKED, f"no answer within {PATIENCE} s"
    if status == 0:
        return
    if status != NOT_ASKED:
        sys.exit(f"{said}\n\nmove the package to a fixed version (`uv lock --upgrade-package NAME`)")
    message = f"known vulnerabilities were NOT looked for, as osv.dev did not answer: {said.splitlines()[-1].strip()}"
    if not warn:
        sys.exit(f"{message}\nask again with a network (`make audit`), or name another service in HAVEN_OSV_URL")
    sys.stderr.write(f"warning: {message}; `make audit` insists\n")


if __name__ == "__main__":
    main(warn="--if-reachable" in sys.argv[1:])
