"""What the module says of itself, and what it repeats of the chart. Needs no terraform."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from scripts.terraform_docs import MODULE, attributes, blocks, defaults, page, parse, plain, split, variables
from tests.terraform.naming import chart_path, chart_value, snake
from tests.terraform.workspace import CHART, EXAMPLES, SOURCE

VARIABLES = variables()
EVERYWHERE = [
    each for directory in (MODULE, *(SOURCE / "examples" / name for name in EXAMPLES)) for each in variables(directory)
]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
UNCHECKED = {
    "create_namespace": "a boolean is always right",
    "atomic": "a boolean is always right",
}
SECRET = re.compile(r"(password|passphrase|token|credential|private_key)s?$|^(registry|chart_registry)$")
"""What could carry a secret. The names of Secrets (existing_secret, ca_secret) and of their keys are none."""


def local(name: str) -> Any:
    """A local value that is a constant."""
    (found,) = [each[name] for path in MODULE.glob("*.tf") for each in parse(path).get("locals", []) if name in each]
    return found


@pytest.mark.parametrize("variable", EVERYWHERE, ids=lambda each: f"{each.file.parent.name}-{each.name}")
def test_a_variable_is_typed_and_described(variable: Any) -> None:
    assert variable.type
    assert re.match(r"[A-Z].*[.]$", variable.description), variable.description


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda each: each.name)
def test_a_variable_is_validated_or_says_why_not(variable: Any) -> None:
    assert ("validation" in variable.block) != (variable.name in UNCHECKED)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda each: each.name)
def test_a_message_names_the_thing_and_the_remedy(variable: Any) -> None:
    for rule in variable.block.get("validation", []):
        message = plain(rule["error_message"])
        assert variable.name in message, message
        assert re.search(r": (set|remove|leave|run) .", message), message


def _leaves(names: dict[str, Any]) -> list[str]:
    return [leaf for name, below in names.items() for leaf in [name, *_leaves(below)]]


@pytest.mark.parametrize("variable", EVERYWHERE, ids=lambda each: f"{each.file.parent.name}-{each.name}")
def test_what_could_be_a_secret_is_sensitive(variable: Any) -> None:
    secret = any(SECRET.search(name) for name in [variable.name, *_leaves(variable.attributes)])
    # `passwords` of an example is the name of a Secret, as its description says
    named = variable.name == "secrets" and variable.description.startswith("Names of Secrets")
    assert (variable.block.get("sensitive") in (True, "true")) == (secret and not named)


@pytest.mark.parametrize(
    ("_file", "name", "output"), blocks(MODULE, "output"), ids=lambda each: each if isinstance(each, str) else ""
)
def test_an_output_is_described_and_has_no_secret(_file: Any, name: str, output: dict[str, Any]) -> None:
    assert plain(output["description"]).endswith("."), name
    assert "chart_registry" not in str(output["value"])


def test_the_readme_has_every_variable() -> None:
    text = (MODULE / "README.md").read_text()
    assert text == page(), "terraform/modules/haven/README.md is out of date: run `make docs`"
    assert [each.name for each in VARIABLES] == re.findall(r"^\| `(\w+)` \| `", text, re.MULTILINE)


def test_a_default_is_the_charts() -> None:
    found = {f"{each.name}.{path}": text for each in VARIABLES for path, text in defaults(each.type).items()}
    # what the chart has no default of: its value is a free map
    found.pop("redis.tls.cert_manager.issuer_ref.kind")
    assert found
    for path, text in found.items():
        theirs = chart_value(VALUES, chart_path(path))
        assert _same(text, theirs), f"{path} is {text} here, {theirs} in the chart"


def _same(text: str, theirs: Any) -> bool:
    # an empty list here adds nothing; true and false of monitoring are texts here, as `auto` is one
    return (text in ("{}", "[]") and not theirs) or json.loads(text) == theirs


def test_ranges_are_those_of_the_schema() -> None:
    ranges = local("ranges")
    shared = local("autoscaling")
    found: dict[str, list[Any]] = {}
    for name, table in _tables(ranges).items():
        keys = {key.strip('"'): value for key, value in table.items()}
        if name in ("web", "realtime"):
            keys |= {key.strip('"'): value for key, value in shared.items()}
        found |= {f"{name}.{key}": value for key, value in keys.items()}
    assert len(found) > 20
    for path, (least, most) in found.items():
        schema = SCHEMA
        for key in chart_path(path).split("."):
            schema = schema["properties"][key]
        assert [least, most if most != "null" else None] == [schema.get("minimum"), schema.get("maximum")], path


def _tables(ranges: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The table of each variable; what merge() has beside the shared one is still text."""
    found = {}
    for name, table in ranges.items():
        if isinstance(table, str):
            rows = re.findall(r'"?([\w.]+)"? = \[(\w+), (\w+)\]', table)
            found[name] = {key: [int(low), int(high) if high != "null" else "null"] for key, low, high in rows}
        else:
            found[name] = table
    return found


def test_settings_of_the_chart_are_those_that_it_refuses() -> None:
    text = (CHART / "templates" / "_settings.tpl").read_text()
    theirs = dict(re.findall(r"^((?:HAVEN|REDIS)_[A-Z_]+): (.*)$", text, re.MULTILINE))
    ours = {name: plain(remedy) for name, remedy in local("settings_owned").items()}
    assert ours == {name: snake(remedy) for name, remedy in theirs.items()}


def test_lines_of_redis_conf_are_those_that_the_chart_refuses() -> None:
    text = (CHART / "templates" / "_refusals.tpl").read_text()
    (theirs,) = re.findall(r'range \$name := list ((?:"[a-z-]+" ?){10,})', text)
    assert [plain(each) for each in local("redis_config_owned")] == re.findall(r'"([a-z-]+)"', theirs)


def test_a_types_attributes_and_defaults_are_read() -> None:
    below = "optional(object({c = optional(number, 2), d = list(object({e = string}))}), {})"
    text = f'object({{a = optional(string, "x, y"), b = {below}}})'
    assert attributes(text) == {"a": {}, "b": {"c": {}, "d": {}}}
    assert defaults(text) == {"a": '"x, y"', "b.c": "2"}
    assert split("a(1, 2), [3, 4]") == ["a(1, 2)", "[3, 4]"]


def test_nothing_of_a_run_is_kept() -> None:
    ignored = (SOURCE.parent / ".gitignore").read_text().split()
    assert {".terraform/", ".terraform.lock.hcl", "*.tfstate*"} <= set(ignored)
