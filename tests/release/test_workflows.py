"""The workflows do what a developer can: each step is a make target; each right has a reason, each action a commit."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.release.surroundings import ROOT, tool

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
NOT_MAKE = {
    "sudo apt-get update --quiet && sudo apt-get install --yes debian-archive-keyring": (
        "the keys by which `make servers` knows Debian's packages; Ubuntu has them in a package"
    ),
}
LONGEST = 180
"""Minutes. GitHub's own limit is six hours: a job that hangs would take them all."""


def workflow(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


JOBS = [
    pytest.param(path, job, id=f"{path.stem}-{name}") for path in FILES for name, job in workflow(path)["jobs"].items()
]
STEPS = [step for path in FILES for job in workflow(path)["jobs"].values() for step in job["steps"]]


def test_there_are_all_of_them() -> None:
    assert [path.stem for path in FILES] == ["ci", "cluster", "nightly", "release"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_runs_of_one_kind_do_not_pile_up(path: Path) -> None:
    assert {"group", "cancel-in-progress"} <= workflow(path)["concurrency"].keys()


@pytest.mark.parametrize(("path", "job"), JOBS)
def test_a_job_has_an_end(path: Path, job: dict[str, Any]) -> None:
    assert 0 < job["timeout-minutes"] <= LONGEST, path


@pytest.mark.parametrize(("path", "job"), JOBS)
def test_a_job_has_its_own_rights_and_no_others(path: Path, job: dict[str, Any]) -> None:
    assert workflow(path)["permissions"] == {}
    assert isinstance(job["permissions"], dict)
    writes = {right for right, how in job["permissions"].items() if how == "write"}
    assert not writes or path.stem == "release"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_right_says_why(path: Path) -> None:
    rights = re.findall(r"^ +([a-z-]+): (?:read|write|none)\b(.*)$", path.read_text(), re.MULTILINE)
    assert rights
    assert [right for right, why in rights if not re.match(r" # \w+ \w+", why)] == []


@pytest.mark.parametrize("run", sorted({step["run"] for step in STEPS if "run" in step}))
def test_a_step_is_a_make_target(run: str) -> None:
    if run in NOT_MAKE:
        return
    found = re.fullmatch(r"make ([a-z0-9-]+)(?: [A-Z]+=(?:\S+|'[^']*'))*", run)
    assert found, f"{run!r}: make it a target of the Makefile, or add it to NOT_MAKE with the reason"
    assert found[1] in TARGETS, f"the Makefile has no target {found[1]}"


def test_what_is_no_target_is_still_run() -> None:
    assert NOT_MAKE.keys() <= {step.get("run") for step in STEPS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_action_is_one_commit(path: Path) -> None:
    used = re.findall(r"uses: *(.+)$", path.read_text(), re.MULTILINE)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), (
            f"{action}: name the commit, then # version"
        )


def test_an_action_is_the_same_commit_everywhere() -> None:
    text = "\n".join(path.read_text() for path in FILES)
    commits: dict[str, set[str]] = {}
    for name, commit in re.findall(r"uses: *([\w./-]+)@(.+)$", text, re.MULTILINE):
        commits.setdefault(name, set()).add(commit)
    assert {name for name, each in commits.items() if len(each) > 1} == set()


def test_the_sources_are_fetched_without_leaving_the_token_behind() -> None:
    fetched = [step for step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert fetched
    assert all(step["with"]["persist-credentials"] is False for step in fetched)


def test_a_release_takes_nothing_from_a_cache() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert "actions/cache" not in text
    assert "cache:" not in text


def test_the_cluster_tests_are_led_to_the_programs_for_kind() -> None:
    jobs = [job for path in FILES for job in workflow(path)["jobs"].values() if "test-cluster" in str(job["steps"])]
    assert len(jobs) == 2
    for job in jobs:
        lab = ROOT / job["env"]["HAVEN_LAB"]
        assert all(os.access(lab / program, os.X_OK) for program in ("images", "cluster"))
        assert job["env"]["KUBECONFIG"].startswith("${{ github.workspace }}/")


def test_the_unit_tests_run_on_every_python_that_is_promised() -> None:
    matrix = workflow(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["unit"]["strategy"]["matrix"]["python"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    assert matrix == promised


def test_actionlint_finds_nothing() -> None:
    command = [tool("actionlint", "make tools"), "-no-color", *map(str, FILES)]
    environment = os.environ | {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}  # it asks shellcheck, too
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert (done.returncode, done.stdout) == (0, "")
