"""Write the schema of a drill's journal into the docs. Usage: python -m scripts.drill_schema [--check]"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from app.drill.journal import schema

PAGE = Path(__file__).parents[1] / "docs" / "drill-journal.schema.json"


def main() -> None:
    """Write it, or say that it is not what the code says."""
    text = json.dumps(schema(), indent=1) + "\n"
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text("utf-8") != text:
        sys.exit(f"{PAGE.name} is not what the code says: make docs")


if __name__ == "__main__":
    main()
