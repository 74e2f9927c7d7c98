"""`haven drill --target kube` as an engineer runs it, and by itself as a Job."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from app.drill.kube.labels import CLIENTS, DRILL
from app.drill.report.shelf import load
from tests.cluster.kube import until
from tests.cluster.release import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from app.drill.journal import Journal
    from tests.cluster.release import Release

QUICK = ("primary-kill", "primary-handover", "primary-partition", "worker-kill")
LONG = (
    *(
        "primary-freeze",
        "replica-loss",
        "sentinel-loss",
        "quorum-loss",
        "redis-restart-all",
        "empty-disk",
        "slow-redis",
    ),
    *("memory-full", "dns-outage", "node-drain", "rollout"),
)


def drill(release: Release, out: Path, name: str, *more: str) -> tuple[int, str]:
    """Its exit code, and what it said."""
    command = [
        *(sys.executable, "-m", "app.cli", "drill", "run", name, "--target", "kube", "--yes", "--out", str(out)),
        *("--namespace", release.namespace, "--allow", release.namespace, "--release", NAME, *more),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    return done.returncode, done.stdout + done.stderr


def held(release: Release, out: Path, name: str) -> Journal:
    """Run it; it held, its record is a metric, and nothing of it is left."""
    code, said = drill(release, out, name)
    assert code == 0, said
    journal = load(out, None)
    gap = journal.figures["write_gap_seconds"]
    print(f"\ndrill {name}: longest gap of writes {gap} s, {journal.figures['writes']} writes, 0 lost")  # noqa: T201
    assert "could not be kept" not in said
    assert f'haven_drill_last_result_info{{drill="{name}",result="held"}} 1.0' in metrics(release)
    pods = release.get("pods", "-l", f"app.kubernetes.io/component={CLIENTS}")["items"]
    assert [each for each in pods if "drill" in each["metadata"]["name"] and not _going(each)] == []
    assert release.get("pods", "-l", DRILL)["items"] == []
    return journal


def _going(pod: dict[str, dict[str, str]]) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def metrics(release: Release) -> str:
    """Those of a web pod."""
    code = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics', timeout=10).read().decode())"
    return release.kubectl("exec", f"deploy/{NAME}-web", "-c", "web", "--", "python3", "-c", code)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(each, marks=pytest.mark.full) for each in LONG)])
def test_it_holds(release: Release, tmp_path: Path, name: str) -> None:
    journal = held(release, tmp_path, name)
    assert journal.about["where"] == f"{release.namespace}/{NAME}"
    if journal.experiment.moves:
        assert journal.figures["failover_seconds"] is not None


def test_only_where_it_may(release: Release, tmp_path: Path) -> None:
    code, said = drill(release, tmp_path, "primary-kill", "--release", "another")
    assert code == 2
    assert "there is no release 'another' of Haven" in said
    command = [
        *(sys.executable, "-m", "app.cli", "drill", "run", "primary-kill", "--target", "kube", "--yes"),
        *("--namespace", "kube-system", "--allow", release.namespace),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "'kube-system' is not one where drills may be run" in done.stderr


def test_what_an_earlier_drill_left_is_named_with_its_remedy(release: Release, tmp_path: Path) -> None:
    replica = next(place for place in range(3) if place != release.primary())
    pod = f"{NAME}-redis-{replica}"
    release.kubectl("label", "pod", pod, f"{DRILL}=no-dns")
    try:
        code, said = drill(release, tmp_path, "primary-kill")
    finally:
        release.kubectl("label", "pod", pod, f"{DRILL}-")
    assert code == 2
    assert f"kubectl label pod {pod} {DRILL}-" in said


def test_it_runs_by_itself_with_rights_of_its_own(release: Release) -> None:
    release.upgrade("--set", "drill.enabled=true,drill.experiment=primary-handover")
    before = release.primary()
    release.kubectl("create", "job", "drill-now", f"--from=cronjob/{NAME}-drill")
    try:
        until(lambda: release.get("job", "drill-now")["status"].get("conditions"), 240, "the Job ends")
        said = release.kubectl("logs", "job/drill-now", "--tail=60", check=False)
        conditions = {each["type"] for each in release.get("job", "drill-now")["status"]["conditions"]}
        assert "Complete" in conditions, said
    finally:
        release.kubectl("delete", "job", "drill-now", "--wait=false")
    assert release.primary() != before
    assert 'drill="primary-handover",result="held"} 1.0' in metrics(release)
