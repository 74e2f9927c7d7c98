"""Everything encrypted: as before in a failover, and with a certificate that is renewed under a running release."""

from __future__ import annotations

import hashlib
import ssl
import time

import pytest
import trustme

from tests.cluster import outside
from tests.cluster.kube import apply, until
from tests.cluster.release import CHART, NAME, PLACES, Release

SECRET = "redis-certificate"  # as in ci/tls-values.yaml
RENEWAL = 240
"""Seconds: the kubelet brings a changed Secret into the pods within about a minute; then three Sentinels in turn."""
_SHOWN = (
    "import hashlib, ssl; "
    "print(*(hashlib.sha256(ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(('127.0.0.1', port)))).hexdigest() "
    "for port in (6379, 26379)))"
)


class Secret:
    """The certificate, as whoever runs the cluster would bring it."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._authority = trustme.CA()
        self.digest = ""

    def renew(self) -> None:
        """Put another one in its place."""
        files = outside.trusted(self._authority) | outside.certificate(self._authority, f"{NAME}-redis")
        apply(self._release.namespace, outside.secret(SECRET, **files))
        self.digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(files["tls.crt"])).hexdigest()


@pytest.fixture(scope="module")
def secured(image: str, module_namespace: str) -> tuple[Release, Secret]:
    release = Release(module_namespace, image)
    secret = Secret(release)
    secret.renew()
    release.install("--values", str(CHART / "ci" / "tls-values.yaml"))
    return release, secret


def shown(release: Release, place: int) -> list[str]:
    """The digests of what a pod's Redis and Sentinel serve."""
    pod = f"{NAME}-redis-{place}"
    return release.kubectl("exec", pod, "-c", "guardian", "--", "python3", "-c", _SHOWN).split()


def test_a_user_notices_nothing_of_it(secured: tuple[Release, Secret]) -> None:
    secured[0].helm("test", NAME, "--logs")


def test_plain_text_is_not_answered(secured: tuple[Release, Secret]) -> None:
    release, _ = secured
    code = (
        "import socket; s = socket.create_connection(('127.0.0.1', {port}), 5); s.settimeout(5); "
        "s.sendall(b'PING\\r\\n'); print(s.recv(100))"
    )
    for port in (6379, 26379):
        pod = (f"{NAME}-redis-0", "-c", "guardian", "--", "python3", "-c", code.format(port=port))
        answer = release.kubectl("exec", *pod, check=False)
        assert "PONG" not in answer
        assert "NOAUTH" not in answer


def test_a_primary_is_replaced_as_without_it(secured: tuple[Release, Secret]) -> None:
    release, _ = secured
    release.wait_healthy()
    release.lose_the_primarys_pod("the primary's pod deleted, with TLS")


@pytest.mark.full
def test_a_renewed_certificate_is_served_and_no_request_fails(secured: tuple[Release, Secret]) -> None:
    release, secret = secured
    release.wait_healthy()
    pods = [release.uid_of(f"{NAME}-redis-{place}") for place in PLACES]
    with release.client() as client:
        secret.renew()
        started = time.monotonic()
        until(lambda: [shown(release, place) for place in PLACES] == [[secret.digest] * 2] * 3, RENEWAL, "all serve it")
        took = time.monotonic() - started
        release.wait_healthy()
    client.unharmed(f"certificate renewed, served by all after {took:.0f} s")
    assert [release.uid_of(f"{NAME}-redis-{place}") for place in PLACES] == pods
    restarts = {
        each["name"]: each["restartCount"]
        for place in PLACES
        for each in release.get("pod", f"{NAME}-redis-{place}")["status"]["containerStatuses"]
    }
    assert (restarts["redis"], restarts["sentinel"]) == (0, 1)


def test_it_does_not_change_back_pod_by_pod(secured: tuple[Release, Secret]) -> None:
    with pytest.raises(AssertionError, match="pods of either kind can't talk to each other"):
        secured[0].upgrade("--set", "redis.tls.enabled=false,redis.tls.existingSecret=")
