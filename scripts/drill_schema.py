"""Write the schema of a drill's journal into the docs. Usage: python -m scripts.drill_schema [--check]"""

from __future__ import annotations

import json
from pathlib import Path

from app.drill.journal import schema
from scripts.generated import settle

PAGE = Path(__file__).parents[1] / "docs" / "drill-journal.schema.json"


if __name__ == "__main__":
    settle(PAGE, json.dumps(schema(), indent=1) + "\n")
