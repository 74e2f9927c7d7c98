"""What ends a pod or a process: by plan without a gap, by force with a short one, and never with a loss."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster import lab
from tests.cluster.release import NAME

if TYPE_CHECKING:
    from tests.cluster.release import Release


def test_the_primarys_pod_is_deleted(release: Release) -> None:
    release.lose_the_primarys_pod("the primary's pod deleted")


def test_the_primarys_process_is_killed(release: Release) -> None:
    old = release.primary()
    with release.client() as client:
        lab.send(signal.SIGKILL, release.uid_of(f"{NAME}-redis-{old}"), "redis-server")
        time.sleep(5)
        client.until_back()
        release.wait_healthy()
    client.unharmed("the primary's process killed")


@pytest.mark.full
def test_workers_are_killed_during_their_work(release: Release) -> None:
    with release.client() as client:
        time.sleep(2)
        release.kubectl(
            "delete",
            "pod",
            "-l",
            "app.kubernetes.io/component=worker,haven-test!=client",
            "--grace-period=0",
            "--force",
        )
        time.sleep(5)
        release.kubectl("rollout", "status", f"deployment/{NAME}-worker", "--timeout=120s")
    client.unharmed("all workers killed")


@pytest.mark.full
def test_two_frozen_sentinels_change_nothing_for_clients(release: Release) -> None:
    uids = [release.uid_of(f"{NAME}-redis-{place}") for place in (1, 2)]
    with release.client() as client:
        for uid in uids:
            lab.send(signal.SIGSTOP, uid, "redis-sentinel")
        time.sleep(8)
        for uid in uids:
            lab.send(signal.SIGCONT, uid, "redis-sentinel")
        client.until_back()
    client.unharmed("two Sentinels frozen for 8 s")
