"""checkov finds nothing, in any scenario, any overlay and the Dockerfile, but for what says why it is as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendering import OVERLAYS, ROOT, SCENARIOS, overlay, scenario

CHECKOV = "checkov==3.3.30"  # not of uv.lock: it would bring a hundred packages that nothing else here needs
OPTIONS = ("--framework", "kubernetes", "dockerfile", "--skip-download", "--output", "json")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it says of each kind of file."""
    directory = tmp_path_factory.mktemp("checkov")
    shutil.copy(ROOT / "Dockerfile", directory)
    for name in SCENARIOS:
        (directory / f"chart-{name}.yaml").write_text(scenario(name).text)
    for name in OVERLAYS:
        (directory / f"overlay-{name}.yaml").write_text(overlay(name).text)
    uv = (str(Path(sys.executable).with_name("uv")), "tool", "run", "--python", sys.executable, CHECKOV)
    command = [*uv, "--directory", str(directory), "--config-file", str(ROOT / ".checkov.yaml"), *OPTIONS]
    environment = os.environ | {"LOG_LEVEL": "ERROR"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.stdout.startswith("["), done.stderr[-2000:]
    return {each["check_type"]: each for each in json.loads(done.stdout)}


def test_nothing_is_found(reports: dict[str, Any]) -> None:
    found = [
        f"{each['file_path']}: {each['resource']}: {each['check_id']} {each['check_name']}"
        for report in reports.values()
        for each in report["results"]["failed_checks"]
    ]
    assert found == []


def test_every_object_was_looked_at(reports: dict[str, Any]) -> None:
    objects = sum(len(each.objects) for each in (*map(scenario, SCENARIOS), *map(overlay, OVERLAYS)))
    assert reports["kubernetes"]["summary"]["resource_count"] >= objects
    assert reports["dockerfile"]["summary"]["passed"] > 0
    assert [report["summary"]["parsing_errors"] for report in reports.values()] == [0, 0]


def test_what_is_skipped_at_an_object_says_why(reports: dict[str, Any]) -> None:
    skipped = [each for report in reports.values() for each in report["results"]["skipped_checks"]]
    assert skipped
    for each in skipped:
        assert len(each["check_result"]["suppress_comment"].split()) > 3, each["check_id"]
