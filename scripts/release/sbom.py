"""List what the image's Python parts are, as CycloneDX, from uv.lock. Usage: python -m scripts.release.sbom [FILE]

uv writes a number and a time that differ each time; both go, so that the same lock file gives the same list.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
AS_THE_IMAGE = ("--no-dev", "--extra", "postgres")


def parts() -> dict[str, Any]:
    """The list."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "export", "--project", str(ROOT), "--frozen", "--offline", *AS_THE_IMAGE]
    command += ["--format", "cyclonedx1.5", "--preview-features", "sbom-export"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - uv.lock's uv
    if done.returncode:
        sys.exit(f"uv did not list what uv.lock names: {done.stderr.strip()}")
    made: dict[str, Any] = json.loads(done.stdout)
    made.pop("serialNumber", None)
    made["metadata"].pop("timestamp", None)
    return made


def main(target: Path) -> None:
    """Write it and print where it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(parts(), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sys.stdout.write(f"{target}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist" / "sbom.cdx.json")
