"""Uninstall and install again: the volumes and the passwords stay, so do the data."""

from __future__ import annotations

import time

import pytest

from tests.cluster.release import NAME, PLACES, Release


@pytest.mark.full
def test_data_outlive_a_reinstall_with_new_addresses(namespace: str, image: str) -> None:
    release = Release(namespace, image)
    release.install()
    with release.client() as client:
        time.sleep(2)
    client.nothing_lost()
    addresses = {place: release.get("service", f"{NAME}-redis-{place}")["spec"]["clusterIP"] for place in PLACES}
    release.helm("uninstall", NAME, "--wait", "--timeout", "3m")
    release.kubectl("wait", "pod", "-l", f"app.kubernetes.io/instance={NAME}", "--for=delete", "--timeout=120s")
    release.install()
    release.wait_healthy()
    assert addresses != {
        place: release.get("service", f"{NAME}-redis-{place}")["spec"]["clusterIP"] for place in PLACES
    }
    with release.client() as again:
        again.still_there(client.found)
    again.nothing_lost()
