"""Write docs/settings.md from the declarations in app/config_fields.py. Usage: settings_reference.py [--check]"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from pydantic import SecretStr

from app.config import Config, ProductionConfig
from app.settings import is_secret
from scripts.generated import settle

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """# Settings

Everything is configured by environment variables. They are read and checked once, at the start; all problems are listed
together, each with its remedy. This page is made from `app/config_fields.py` by `make docs`.

Every secret (marked 🔒) may come from a file instead: set the same name with `_FILE`, as in
`REDIS_PASSWORD_FILE=/run/secrets/redis`. `haven doctor` checks a configuration without starting anything.
"""


def shown(value: object) -> str:
    """A default as a reader would type it."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def render() -> str:
    """The whole page."""
    lines = [HEAD]
    fields = list(Config.model_fields.items())
    for group, members in groupby(fields, key=lambda item: item[1].json_schema_extra["group"]):  # type: ignore[index, call-overload]
        lines += [f"\n## {group}\n", "| variable | default | meaning | right values |", "|---|---|---|---|"]
        for name, field in members:
            default = shown(field.default)
            production = shown(ProductionConfig.model_fields[name].default)
            if production != default:
                default += f"; production: {production}"
            lock = " 🔒" if is_secret(field) else ""
            remedy = field.json_schema_extra["remedy"].replace("|", "\\|")  # type: ignore[index, call-overload, union-attr]
            lines.append(f"| `{name.upper()}`{lock} | {default} | {field.description} | {remedy} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    settle(PAGE, render())
