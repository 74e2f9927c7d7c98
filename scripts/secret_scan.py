"""Look for secrets in every file that git knows or would add. Usage: secret_scan.py [FILE…]

What looks like one and is none stands in .secrets.toml with the reason. What stands there and is nowhere else is told.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parents[1]
ACCEPTED = ROOT / ".secrets.toml"
CLEAN = ROOT / ".cache" / f"no-secrets-{version('bc-detect-secrets')}"
"""The digests of what that version found nothing in: to look at everything takes ten seconds and more."""
SKIPPED = {
    ".secrets.toml": "it lists them",
    "uv.lock": "digests by the thousand",
    "charts/haven/files/dashboards": "made from scripts/dashboards, where they are looked for",
    "charts/haven/values.schema.json": "made from values.yaml",
    "k8s/components/monitoring": "made from the chart's files",
}
PICTURES = {".png", ".ico", ".woff2"}
BY_NAME = {"Secret Keyword", "Basic Auth Credentials"}
"""Found by the name before them, not by what they are. With a space or no digit it is an object's name or a formula."""

Found = tuple[str, int, str, str]
"""Where, in which line, of what kind, and the value."""


def files() -> list[str]:
    """Every file of the checkout that is not ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - git's
    if listed.returncode:
        sys.exit(f"secrets are looked for in what git lists, and it lists nothing here: {listed.stderr.strip()}")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [name for name in names if not any(f"{name}/".startswith(f"{skipped}/") for skipped in SKIPPED)]


def digest(name: str) -> str:
    """Of a file's name and content: a detector may look at both."""
    return hashlib.sha256(name.encode() + b"\0" + (ROOT / name).read_bytes()).hexdigest()


def scan(name: str) -> list[Found]:
    """What looks like a secret in one file."""
    with default_settings():
        hits = list(scan_file(str(ROOT / name)))
    found = [(name, hit.line_number, hit.type, hit.secret_value or "") for hit in hits]
    return [hit for hit in found if hit[2] not in BY_NAME or re.fullmatch(r"\S*\d\S*", hit[3])]


def look(names: list[str]) -> list[Found]:
    """What looks like a secret in files; those that were clean before, and are unchanged, are not read again."""
    before = set(CLEAN.read_text(encoding="ascii").split()) if CLEAN.is_file() else set()
    digests = {name: digest(name) for name in names if Path(name).suffix not in PICTURES}
    new = [name for name, number in digests.items() if number not in before]
    with ProcessPoolExecutor() as pool:
        found = [hit for hits in pool.map(scan, new, chunksize=20) for hit in hits]
    guilty = {hit[0] for hit in found}
    CLEAN.parent.mkdir(exist_ok=True)
    CLEAN.write_text("\n".join(number for name, number in digests.items() if name not in guilty), encoding="ascii")
    return found


def main(names: list[str]) -> None:
    """Ends with what was found."""
    accepted = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))["accepted"]
    reasons = {value: entry["why"] for entry in accepted for value in entry["values"]}
    found = [hit for name in names for hit in scan(name)] if names else look(files())
    problems = [
        f"{name}:{line}: {kind}: take it out, change it where it is used; if it opens nothing, say so in .secrets.toml"
        for name, line, kind, value in sorted(found)
        if value not in reasons
    ]
    if not names:
        gone = sorted(reasons.keys() - {hit[3] for hit in found})
        problems += [f".secrets.toml: {value!r} is found nowhere: remove it" for value in gone]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main(sys.argv[1:])
