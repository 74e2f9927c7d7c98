"""What can be set, called, measured or go wrong is on a page. Most of it is generated; this says what is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from app import create_app
from app.config import Config, load_config
from scripts.chart_docs import Value, read
from scripts.commands_reference import commands, targets
from scripts.metrics_reference import rows
from tests.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALERTS = sorted(
    rule["alert"]
    for file in (ROOT / "charts" / "haven" / "files" / "alerts").glob("*.yaml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
)
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation", "Rehearsed by")
# Flask's own, which no operation declares: a wrong method, a media type that is not there, a bug.
OF_THE_FRAMEWORK = {405, 406, 500}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows_of(name: str) -> dict[str, list[str]]:
    """The first cell's code in each row of a page's tables, and the other cells."""
    found = {}
    for line in page(name).splitlines():
        if line.startswith("| "):
            first, *others = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
            found[first] = others
    return found


def test_every_setting_is_described() -> None:
    described = {name.removesuffix(" 🔒").strip("`"): cells for name, cells in rows_of("docs/settings.md").items()}
    missing = [name for name in map(str.upper, Config.model_fields) if not all(described.get(name, [""]))]
    assert not missing, f"describe them in app/config_fields.py, then `make docs`: {missing}"


def test_every_metric_is_described() -> None:
    described = rows_of("docs/metrics.md")
    declared = [line.split("`")[1] for lines in rows().values() for line in lines]
    assert len(declared) > 50
    missing = [name for name in declared if not described.get(f"`{name}`", [""])[-1].endswith(".")]
    assert not missing, f"describe them in app/ops/metrics.py, then `make docs`: {missing}"


def test_every_metric_that_alerts_ask_for_is_described() -> None:
    files = (ROOT / "charts" / "haven" / "files" / "alerts").glob("*.yaml")
    asked = {name for file in files for name in re.findall(r"\bhaven_[a-z_]+(?<!_)\b", file.read_text())}
    described = {name.strip("`") for name in rows_of("docs/metrics.md")}
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert bare <= described, f"no such metrics: {sorted(bare - described)}"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_a_runbook(alert: str) -> None:
    path = ROOT / "docs" / "runbooks" / f"{alert}.md"
    assert path.exists(), f"write docs/runbooks/{alert}.md"
    headings = re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE)
    assert headings == list(SECTIONS), f"docs/runbooks/{alert}.md: sections {SECTIONS}"


def test_every_runbook_has_an_alert() -> None:
    names = {path.stem for path in (ROOT / "docs" / "runbooks").glob("Haven*.md")}
    assert names == set(ALERTS)


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_every_command_and_option_is_described(name: str, command: click.Command) -> None:
    _, found, part = page("docs/commands.md").partition(f"\n## {name}\n")
    assert found, f"`{name}` is not in docs/commands.md: `make docs`"
    assert command.help, f"`{name}` has no docstring"
    part = part.partition("\n## ")[0]
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"`{name} {option.opts[0]}` has no help"
            assert f"`{option.opts[0]}" in part, f"`{name} {option.opts[0]}` is not in docs/commands.md: `make docs`"


def test_every_target_of_make_is_described() -> None:
    declared = set(re.findall(r"^\.PHONY: (.*)$", page("Makefile"), re.MULTILINE))
    assert len(declared) > 20
    assert not declared - targets().keys(), "give these a `## …` in the Makefile"
    described = rows_of("docs/commands.md")
    missing = [name for name in declared if not all(described.get(f"`make {name}`", [""]))]
    assert not missing, f"not in docs/commands.md, run `make docs`: {missing}"


def leaves(values: list[Value]) -> Iterator[Value]:
    for value in values:
        yield from leaves(value.children) if value.children else (value,)


def test_every_value_of_the_chart_is_described() -> None:
    described = rows_of("charts/haven/README.md")
    paths = [value.path for value in leaves(read(page("charts/haven/values.yaml")))]
    assert len(paths) > 100
    missing = [path for path in paths if not all(described.get(f"`{path}`", [""]))]
    assert not missing, f"describe them in values.yaml (`# -- …`), then `make docs`: {missing}"


def test_every_error_of_the_api_is_described(tmp_path: Path) -> None:
    app = create_app(load_config({"HAVEN_ENV": "testing", "DATABASE_URL": f"sqlite:///{tmp_path}/haven.db"}))
    described = {name for name in rows_of("docs/errors.md") if name.isdigit()}
    told = app.test_client().get("/docs/openapi.json").get_json()
    codes = {int(code) for path in told["paths"].values() for view in path.values() for code in view["responses"]}
    failing = {code for code in codes if code >= 400}
    assert len(failing) > 8
    raised = {
        int(code)
        for file in (ROOT / "app").rglob("*.py")
        for code in re.findall(r"(?:ProblemError|\bproblem|\babort)\((\d{3})", file.read_text())
    }
    missing = (failing | raised | OF_THE_FRAMEWORK) - set(map(int, described))
    assert not missing, f"add these to docs/errors.md: {sorted(missing)}"
    app.extensions["haven"].close()
