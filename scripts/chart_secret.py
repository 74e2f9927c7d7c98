"""Print a Secret with new passwords, for kubectl. Usage: chart_secret.py | kubectl --namespace … create --filename -

`create` and not `apply`: what is there is never replaced, as the data can't be opened with another password.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from pathlib import Path
from typing import Any, Final

KEYS: Final = Path(__file__).parents[1] / "charts" / "haven" / "templates" / "secrets.yaml"
LETTERS: Final = string.ascii_letters + string.digits


def passwords() -> dict[str, str]:
    """What the chart would make: each key that it names, in its length, and the URL of its try-out database."""
    lengths = re.findall(r"^([a-z-]+): (\d+)$", KEYS.read_text(encoding="utf-8"), re.MULTILINE)
    made = {key: "".join(secrets.choice(LETTERS) for _ in range(int(length))) for key, length in lengths}
    return made | {"database-url": f"postgresql://haven:{made['postgres']}@haven-postgres:5432/haven"}


def main() -> None:
    """Print it."""
    metadata = {"name": "haven-secrets"}
    secret: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": passwords()}
    print(json.dumps(secret, indent=2))  # noqa: T201 - it is what it is for


if __name__ == "__main__":
    main()
