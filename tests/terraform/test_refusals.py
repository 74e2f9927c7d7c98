"""Every validation of the module, with the words that the user sees."""

from __future__ import annotations

import re
import shutil

import pytest

from scripts.terraform_docs import MODULE, parse, plain, variables
from tests.terraform.naming import snake
from tests.terraform.workspace import CHART, Workspace
from tests.terraform.workspace import MODULE as WHERE

REFUSALS = sorted(MODULE.glob("tests/refused_*.tftest.hcl"))
NOT_IN_A_PLAN = {
    "redis.terminationGracePeriodSeconds=": "only by extra_values: what the chart computes is right",
    "%s.terminationGracePeriodSeconds=": "only by extra_values: what the chart computes is right",
    "%s.pdb.maxUnavailable=": "only by extra_values",
    "redis.tls.enabled=%t, but what runs has": "a plan does not look into the cluster",
    "routes has path=": "only by extra_values",
}
"""How the chart's refusals begin that no variable can bring about, and why."""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Of each run of the refusals: what was said, and by the rule at which place.

    A run that expects a failure does not show its words. So each is run without its expectation, and alone, as the
    first failure of a file ends it; in a copy without the release, as a provider takes four times as long.
    """
    directory = tmp_path_factory.mktemp("refusals") / "terraform" / WHERE
    without = shutil.ignore_patterns("main.tf", "outputs.tf", "versions*.tf*", "tests", ".terraform*")
    shutil.copytree(MODULE, directory, ignore=without)
    (directory / "tests").mkdir()
    (directory.parents[2] / "charts").mkdir()
    (directory.parents[2] / "charts" / "haven").symlink_to(CHART)
    for path in REFUSALS:
        head, *runs = re.split(
            r'^(?=run ")', path.read_text().replace('mock_provider "helm" {}', ""), flags=re.MULTILINE
        )
        for number, run in enumerate(runs):
            text = re.sub(r"^  expect_failures = .*\n", "", run, flags=re.MULTILINE)
            (directory / "tests" / f"alone_{path.name.split('.')[0]}_{number}.tftest.hcl").write_text(head + text)
    workspace = Workspace(directory.parents[1])
    workspace.done(WHERE, "init", "-backend=false", "-input=false", "-no-color")
    found: dict[str, tuple[str, str]] = {}
    for each in workspace.tested():
        detail = each.get("diagnostic", {}).get("detail", "")
        if not detail:
            continue
        said, _, place = detail.partition("\n\nThis was checked by the validation rule at ")
        file = re.sub(r"tests/alone_(\w+)_[0-9]+[.]tftest[.]hcl", r"\1", each["@testfile"])
        key = f"{file}:{each['@testrun']}"
        assert key not in found, f"{key} is refused twice: {found.get(key)}, {said}"
        assert place, f"{key} is refused by no validation: {detail}"
        found[key] = (said, place.partition(",")[0])
    return found


def rules() -> dict[str, str]:
    """The place of each validation rule, file:line, and the variable that it is of."""
    found = {}
    for path in {each.file for each in variables()}:
        name = ""
        for number, line in enumerate(path.read_text().splitlines(), 1):
            name = line.split('"')[1] if line.startswith("variable ") else name
            if line == "  validation {":
                found[f"{path.name}:{number}"] = name
    return found


def expectations() -> dict[str, str]:
    """Of each run of the refusals, the variable that is expected to fail."""
    found = {}
    for path in REFUSALS:
        for run in parse(path)["run"]:
            for name, block in run.items():
                (variable,) = block["expect_failures"]
                found[f"{path.name.split('.')[0]}:{plain(name)}"] = plain(variable).removeprefix("var.")
    return found


def test_a_wrong_value_is_refused_by_the_rule_that_is_meant(refused: dict[str, tuple[str, str]]) -> None:
    known = rules()
    assert {key: known[place] for key, (_, place) in refused.items()} == expectations()


def test_every_validation_has_a_run(refused: dict[str, tuple[str, str]]) -> None:
    missing = rules().keys() - {place for _, place in refused.values()}
    assert missing == set(), "write a run in modules/haven/tests/refused_*.tftest.hcl for these"


def test_what_is_said_has_the_value_and_no_secret(refused: dict[str, tuple[str, str]]) -> None:
    for key, (said, _) in refused.items():
        assert not re.search(r"^[\w.]+=null|Pa[$]+word|secret@", said), f"{key}: {said}"
    assert refused["refused_app:web_half_a_replica"][0] == "web.replicas=1.5: set it to a whole number, 1 or more"
    assert refused["refused_app:web_threads_out_of_range"][0] == "web.threads=257: set it to a whole number, 1 to 256"


def test_what_the_chart_refuses_is_refused_in_the_plan(refused: dict[str, tuple[str, str]]) -> None:
    text = (CHART / "templates" / "_refusals.tpl").read_text()
    literals = re.findall(r'fail \(?(?:printf )?"((?:[^"\\]|\\.)*)"', text)
    assert literals
    said = [each.partition(": ")[0] for each, _ in refused.values()]
    missing = [
        each
        for each in literals
        if not each.startswith(tuple(NOT_IN_A_PLAN)) and not any(re.fullmatch(_pattern(each), words) for words in said)
    ]
    assert missing == [], "give a variable a validation with these words, or say in NOT_IN_A_PLAN why not"
    assert [begin for begin in NOT_IN_A_PLAN if not any(each.startswith(begin) for each in literals)] == []


def _pattern(literal: str) -> str:
    words = re.escape(snake(literal.replace('\\"', '"').partition(": ")[0]))
    return re.sub(r"%[sdvt]", ".+", words.replace("\\%", "%"))
