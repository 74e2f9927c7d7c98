"""Write the tables of variables and outputs in the Terraform module's README. Usage: terraform_docs.py [--check]

Names, types and descriptions come from the module's own files.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import hcl2

MODULE: Final = Path(__file__).parents[1] / "terraform" / "modules" / "haven"
BEGIN: Final = "<!-- variables: written by `make docs` from the module -->"
END: Final = "<!-- end of variables -->"


@dataclass(frozen=True)
class Variable:
    """A variable of the module.

    Attributes:
        name: of it.
        type: its type, as it is written; empty if it has none.
        description: what it is, in words; empty if there are none.
        block: all that is written.
        file: the file where it stands.
    """

    name: str
    type: str
    description: str
    block: dict[str, Any]
    file: Path

    @property
    def attributes(self) -> dict[str, Any]:
        """The names of its attributes, each with those below it; none where it is no object."""
        return attributes(self.type)


def plain(text: object) -> str:
    """An expression as it is written, without the quotes of a text."""
    found = str(text).removeprefix("${").removesuffix("}") if str(text).startswith("${") else str(text)
    return found[1:-1].replace('\\"', '"') if re.fullmatch(r'".*"', found, re.DOTALL) else found


@cache
def parse(path: Path) -> dict[str, Any]:
    """A file of Terraform's language."""
    with path.open(encoding="utf-8") as file:
        found: dict[str, Any] = hcl2.load(file)
    return found


def blocks(directory: Path, kind: str) -> list[tuple[Path, str, dict[str, Any]]]:
    """Every labelled block of a kind in a directory: its file, its name, what is in it; in the order of the files."""
    # variables.tf before variables_app.tf
    files = sorted(directory.glob("*.tf"), key=lambda path: path.stem)
    return [
        (file, name.strip('"'), block)
        for file in files
        for each in parse(file).get(kind, [])
        for name, block in each.items()
    ]


def variables(directory: Path = MODULE) -> list[Variable]:
    """Every variable of a module."""
    return [
        Variable(name, plain(block.get("type", "")), plain(block.get("description", "")), block, file)
        for file, name, block in blocks(directory, "variable")
    ]


def split(text: str) -> list[str]:
    """A list's items: what stands between commas that are within no brackets and no quotes."""
    items, depth, quoted, begin = [], 0, False, 0
    for place, letter in enumerate(text):
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "({[") - (letter in ")}]")
        if letter == "," and not depth and not quoted:
            items.append(text[begin:place].strip())
            begin = place + 1
    return [each for each in [*items, text[begin:].strip()] if each]


def attributes(text: str) -> dict[str, Any]:
    """The attributes of an object's type, each with those below it."""
    text = _type(text)[0]
    if not text.startswith("object("):
        return {}
    parts = (part.partition("=") for part in split(text.removeprefix("object(").removesuffix(")").strip()[1:-1]))
    return {name.strip(): attributes(rest) for name, _, rest in parts}


def defaults(text: str, prefix: str = "") -> dict[str, str]:
    """The defaults that stand in an object's type, by dotted path, as they are written."""
    text, default = _type(text)
    if not text.startswith("object("):
        return {} if default is None else {prefix: default}
    parts = (part.partition("=") for part in split(text.removeprefix("object(").removesuffix(")").strip()[1:-1]))
    found: dict[str, str] = {}
    for name, _, rest in parts:
        found |= defaults(rest, f"{prefix}.{name.strip()}".lstrip("."))
    return found


def _type(text: str) -> tuple[str, str | None]:
    """A type without its optional(), and the default in it."""
    text = text.strip()
    if not text.startswith("optional("):
        return text, None
    kind, *default = split(text.removeprefix("optional(").removesuffix(")"))
    return kind, default[0] if default else None


def outline(names: dict[str, Any]) -> str:
    """Attributes in one line."""
    return ", ".join(f"{name} {{{outline(below)}}}" if below else name for name, below in names.items())


def tables() -> str:
    """The tables, Markdown."""
    lines = ["### Variables", "", "| variable | type, or attributes | default | meaning |", "|---|---|---|---|"]
    for each in variables():
        kind = f"{{{outline(each.attributes)}}}" if each.attributes else each.type
        default = "required" if "default" not in each.block else f"`{_literal(each.block['default'])}`"
        lines.append(f"| `{each.name}` | `{kind}` | {default} | {each.description} |")
    lines += ["", "### Outputs", "", "| output | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {plain(block['description'])} |" for _, name, block in blocks(MODULE, "output")]
    return "\n".join(lines)


def _literal(value: object) -> str:
    return {"True": "true", "False": "false", "None": "null"}.get(str(value), str(value))


def page(readme: Path = MODULE / "README.md") -> str:
    """The README with the tables of now."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write it, or with --check say whether it is as it would be written."""
    readme = MODULE / "README.md"
    if "--check" not in sys.argv[1:]:
        readme.write_text(page(readme), encoding="utf-8")
    elif readme.read_text(encoding="utf-8") != page(readme):
        sys.stderr.write(f"{readme} is out of date: run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
