"""Write the chart's values.schema.json and the table in its README from values.yaml. Usage: chart_docs.py [--check]

The scheme, shown at the top of values.yaml: `# -- text` above a key is its description; below it, `# @schema {…}` adds
JSON Schema in one line. Types come from the values; a block of keys is closed, a `{}` or a block with
`# @schema {type: object}` is free.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHART: Final = Path(__file__).parents[1] / "charts" / "haven"
BEGIN: Final = "<!-- values: written by `make docs` from values.yaml -->"
END: Final = "<!-- end of values -->"
_TYPES: Final = {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "seq": "array"}


class ValuesError(Exception):
    """values.yaml does not follow the scheme; says where and how to put it right."""


@dataclass
class Value:
    """One key of values.yaml.

    Attributes:
        path: its dotted path.
        text: its description.
        extra: what `@schema` says.
        node: the value.
        children: the keys below it, if it is a closed block.
    """

    path: str
    text: str
    extra: dict[str, Any]
    node: yaml.Node
    children: list[Value] = field(default_factory=list)

    @property
    def default(self) -> str:
        """The value as one would type it."""
        found: Any = yaml.safe_load(yaml.serialize(self.node))
        if isinstance(found, str):
            return f'"{found}"'
        text: str = yaml.safe_dump(found, default_flow_style=True, width=10_000, sort_keys=False)
        return text.removesuffix("...\n").strip()

    def schema(self) -> dict[str, Any]:
        """What a right value is."""
        described = {"description": self.text}
        if self.children:
            properties = {child.path.rpartition(".")[2]: child.schema() for child in self.children}
            return {**described, "type": "object", "additionalProperties": False, "properties": properties}
        kind = self.node.tag.rpartition(":")[2]
        if kind == "null" and "type" not in self.extra:
            raise ValuesError(f"{self.path} is null: say its type with `# @schema {{type: …}}`")
        implied = {} if "enum" in self.extra else {"type": _TYPES.get(kind, "object")}
        return {**described, **implied, **self.extra}


def read(text: str) -> list[Value]:
    """Every top-level key of a values.yaml, with what is below it.

    Raises:
        ValuesError: a key has no description, or a `@schema` can't be read.
    """
    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise ValuesError("values.yaml is no map: begin it with a key")
    return list(_keys(root, "", text.splitlines()))


def _keys(node: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        comment = _above(lines, key.start_mark.line)
        description, extra = _read(comment, path, key.start_mark.line + 1)
        found = Value(path, description, extra, value)
        if isinstance(value, yaml.MappingNode) and not value.flow_style and "type" not in extra:
            found.children = list(_keys(value, f"{path}.", lines))
        yield found


def _above(lines: list[str], number: int) -> list[str]:
    """The comment lines directly above a line, without their marks."""
    first = number
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    return [line.strip().removeprefix("#").strip() for line in lines[first:number]]


def _read(comment: list[str], path: str, line: int) -> tuple[str, dict[str, Any]]:
    words: list[str] = []
    extra: dict[str, Any] = {}
    for text in comment:
        if text.startswith("@schema"):
            try:
                extra = yaml.safe_load(text.removeprefix("@schema"))
            except yaml.YAMLError as error:
                raise ValuesError(f"values.yaml:{line}: the @schema of {path} can't be read: {error}") from error
        elif text.startswith("-- "):
            words = [text.removeprefix("-- ")]
        elif words and not extra:
            words.append(text)
    if not words:
        raise ValuesError(f"values.yaml:{line}: {path} has no description: write `# -- …` above it")
    return " ".join(words), extra


def schema(values: list[Value]) -> str:
    """values.schema.json."""
    found = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart haven, written by `make docs` from values.yaml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{value.path: value.schema() for value in values},
            "global": {"description": "What Helm hands to every chart below another one.", "type": "object"},
        },
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def table(values: list[Value]) -> str:
    """The part of the README about values."""
    single = [value for value in values if not value.children]
    parts = ["### General", "", *_rows(single)]
    for value in values:
        if value.children:
            parts += ["", f"### {value.path}", "", value.text, "", *_rows(_leaves(value))]
    return "\n".join(parts)


def _leaves(value: Value) -> Iterator[Value]:
    for child in value.children:
        if child.children:
            yield from _leaves(child)
        else:
            yield child


def _rows(values: Iterator[Value] | list[Value]) -> Iterator[str]:
    yield from ("| value | default | meaning |", "|---|---|---|")
    for value in values:
        cells = (f"`{value.path}`", f"`{value.default}`", value.text)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def pages(chart: Path) -> dict[Path, str]:
    """The generated files with what they should hold.

    Raises:
        ValuesError: values.yaml does not follow the scheme, or the README has no place for the table.
    """
    values = read((chart / "values.yaml").read_text(encoding="utf-8"))
    readme = chart / "README.md"
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValuesError(f"{readme} has no place for the table: it needs the lines {BEGIN} and {END}")
    before, _, rest = text.partition(BEGIN)
    filled = f"{before}{BEGIN}\n\n{table(values)}\n\n{END}{rest.partition(END)[2]}"
    return {readme: filled, chart / "values.schema.json": schema(values)}


def main() -> None:
    """Write the files, or with --check say which are out of date."""
    try:
        found = pages(CHART)
    except ValuesError as error:
        sys.exit(str(error))
    for path, text in found.items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.relative_to(CHART.parents[1])} is out of date: run `make docs`")


if __name__ == "__main__":
    main()
