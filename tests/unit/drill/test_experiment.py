from __future__ import annotations

from pathlib import Path

import pytest

from app.drill import catalog
from app.drill.experiment import FIGURES, Experiment, Range, read
from app.errors import ExperimentError

DOCS = Path(__file__).parents[3] / "docs"
GOOD = """
title = "It dies"
why = "To see what happens."
targets = ["local"]

[fault]
kind = "kill"

[expect]
lost_writes = 0
failed_writes = { least = 1 }
"""


def written(tmp_path: Path, text: str, name: str = "mine.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_file_is_an_experiment_of_its_name(tmp_path: Path) -> None:
    found = read(written(tmp_path, GOOD))
    assert (found.name, found.fault.kind, found.fault.where) == ("mine", "kill", "primary")
    assert found.expect["lost_writes"] == Range(most=0)
    assert found.expect["failed_writes"] == Range(least=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('kind = "kill"', 'kind = "kil"'), "fault.kind='kil': Input should be 'kill', 'freeze'"),
        (("lost_writes", "lost_rites"), "expect: 'lost_rites' is not measured; measured are write_gap_seconds"),
        (("[fault]", "[falt]"), "falt: Extra inputs are not permitted"),
        (('targets = ["local"]', 'targets = ["cloud"]'), "targets.0='cloud': Input should be 'local' or 'kube'"),
        (("[fault]", "[fault]\nseconds = 9999"), "fault.seconds=9999: Input should be less than or equal to 600"),
        (('title = "It dies"\n', ""), "title: Field required"),
        (('title = "It dies"', "title = It dies"), "mine.toml is not TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_value(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        read(written(tmp_path, GOOD.replace(*change)))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError) as caught:
        read(written(tmp_path, GOOD.replace("kill", "kil").replace("It dies", "")))
    assert "fault.kind" in str(caught.value)
    assert "title" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [("0 to 2", 2, True), ("0 to 2", 2.1, False), ("1 to inf", 0.9, False), ("1 to inf", 1, True)],
)
def test_a_promise_includes_its_ends(text: str, value: float, *, holds: bool) -> None:
    least, most = map(float, text.split(" to "))
    assert Range(least=least, most=None if most == float("inf") else most).holds(value) is holds


@pytest.mark.parametrize(
    ("made", "said"), [(Range(most=2), "at most 2"), (Range(least=1), "at least 1"), (Range(least=1, most=2), "1 to 2")]
)
def test_a_promise_is_written_as_people_do(made: Range, said: str) -> None:
    assert str(made) == said


def test_those_that_come_along_can_all_be_used() -> None:
    found = catalog.everything()
    assert [each.name for each in found] == catalog.names()
    assert len(found) == 16


@pytest.mark.parametrize("experiment", catalog.everything(), ids=catalog.names())
def test_each_loses_nothing_and_is_in_the_docs(experiment: Experiment) -> None:
    assert experiment.expect["lost_writes"].most == 0
    assert experiment.expect["lost_tasks"].most == 0
    assert f"`{experiment.name}`" in (DOCS / "drills.md").read_text("utf-8")
    if experiment.runbook:
        assert (DOCS / "runbooks" / f"{experiment.runbook}.md").is_file()
    for alert in experiment.alerts:
        assert (DOCS / "runbooks" / f"{alert}.md").is_file()


def test_every_figure_is_in_the_docs() -> None:
    text = (DOCS / "drills.md").read_text("utf-8")
    assert [name for name in FIGURES if f"`{name}`" not in text] == []


def test_ones_own_take_the_place_of_ours_and_are_found_by_path_too(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, "primary-kill.toml")
    assert catalog.find("primary-kill", tmp_path).title == "It dies"
    assert catalog.find(str(path)).title == "It dies"
    assert catalog.find("primary-kill").title != "It dies"


def test_one_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"no drill is called 'nope': there are dns-outage, .*worker-kill"):
        catalog.find("nope", tmp_path)
    with pytest.raises(ExperimentError, match="there is no such directory"):
        catalog.find("nope", tmp_path / "away")
