"""The passwords of a running release are changed: no request fails, no pod starts anew, the former ones are dead."""

from __future__ import annotations

import base64
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.cluster.kube import run
from tests.cluster.lab import ROOT
from tests.cluster.release import NAME, PLACES

if TYPE_CHECKING:
    from tests.cluster.release import Release

LIVE = ("admin", "app", "replica", "sentinel", "guardian", "exporter", "guardian-token")
_ENTER = """
import redis
try:
    print(redis.Redis(port={port}, username={user!r}, password={password!r}).ping())
except redis.AuthenticationError as error:
    print(error)
"""
_EXPORTER = (
    "import urllib.request as u; "
    "print('redis_up 1' in u.urlopen('http://127.0.0.1:9121/metrics', timeout=5).read().decode().splitlines())"
)


def passwords(release: Release) -> dict[str, str]:
    """What the Secret holds now."""
    data = release.get("secret", f"{NAME}-secrets")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def rotate(release: Release, *keys: str) -> str:
    """As an engineer does it."""
    words = (sys.executable, str(ROOT / "scripts" / "rotate.py"), "--namespace", release.namespace)
    return run(*words, "--release", NAME, *keys, timeout=900)


def enters(release: Release, port: int, user: str, password: str) -> bool:
    """Whether a password opens a server's door."""
    code = _ENTER.format(port=port, user=user, password=password)
    pod = (f"{NAME}-redis-0", "-c", "guardian", "--", "python3", "-c", code)
    said = release.kubectl("exec", *pod).strip()
    assert said == "True" or "invalid username-password" in said, said
    return said == "True"


def test_passwords_change_under_load_and_the_former_are_worth_nothing(release: Release) -> None:
    before = passwords(release)
    pods = [release.uid_of(f"{NAME}-redis-{place}") for place in PLACES]
    with release.client() as client:
        started = time.monotonic()
        told = rotate(release, *LIVE)
        took = time.monotonic() - started
    client.unharmed(f"seven passwords changed in {took:.0f} s")
    after = passwords(release)
    assert [key for key in LIVE if before[key] in after[key]] == [], told
    assert [key for key in before if key not in LIVE and before[key] != after[key]] == []
    assert not any("\n" in value for value in after.values())
    assert [release.uid_of(f"{NAME}-redis-{place}") for place in PLACES] == pods
    for port in (6379, 26379):
        assert enters(release, port, "app", after["app"])
        assert not enters(release, port, "app", before["app"])
    for place in PLACES:
        pod = f"{NAME}-redis-{place}"
        assert release.kubectl("exec", pod, "-c", "guardian", "--", "python3", "-c", _EXPORTER).strip() == "True"
    # whoever takes the role now, and whoever comes back, knows the others by the new ones
    release.lose_the_primarys_pod("the primary's pod deleted, after a change of passwords")
    release.wait_healthy()


def test_what_can_not_be_changed_is_refused_and_nothing_is(release: Release) -> None:
    before = passwords(release)
    for key, why in (("postgres", "first start"), ("database-url", "second user"), ("nothing", "has no key 'nothing'")):
        with pytest.raises(AssertionError, match=why):
            rotate(release, key)
    assert passwords(release) == before


@pytest.mark.full
def test_the_keys_that_sign_change_too_and_sessions_stay(release: Release) -> None:
    before = passwords(release)
    with release.client() as client:
        rotate(release)
    client.unharmed("all passwords and keys changed")
    assert before["secret-key"] not in passwords(release)["secret-key"]
    release.helm("test", NAME, "--logs")
