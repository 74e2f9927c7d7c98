"""A backup by the chart's own CronJob, and back from it by the other one, after all data went."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.cluster.kube import until
from tests.cluster.release import NAME, Release

_CALL = """
import json, sys, urllib.request as u
path, session, body = json.loads(sys.argv[1])
headers = {"Content-Type": "application/json", **({"X-Session-ID": session} if session else {})}
request = u.Request("http://127.0.0.1:8000" + path, json.dumps(body).encode() if body else None, headers)
try:
    with u.urlopen(request, timeout=20) as answer:
        print(json.dumps([answer.status, json.loads(answer.read())]))
except u.HTTPError as error:
    print(json.dumps([error.code, error.read().decode(errors="replace")]))
"""


def call(release: Release, path: str, session: str = "", body: Any = None) -> tuple[int, Any]:
    """Ask the web application as a user does."""
    words = json.dumps([path, session, body])
    told = release.kubectl("exec", f"deploy/{NAME}-web", "-c", "web", "--", "python3", "-c", _CALL, words)
    status, answer = json.loads(told)
    return status, answer


def redis(release: Release, *words: str) -> str:
    """Say something to the primary, as an operator."""
    secret = base64.b64decode(release.get("secret", f"{NAME}-secrets")["data"]["admin"]).decode().split()[0]
    pod = f"{NAME}-redis-{release.primary()}"
    client = ("env", f"REDISCLI_AUTH={secret}", "redis-cli", "--user", "admin", "-s", "/run/haven/socket/redis.sock")
    return release.kubectl("exec", pod, "-c", "redis", "--", *client, *words).strip()


def run(release: Release, cronjob: str, name: str) -> str:
    """Begin its Job now; what it said when it has ended well."""
    release.kubectl("create", "job", f"--from=cronjob/{NAME}-{cronjob}", name)

    def ended() -> bool:
        state = release.get("job", name)["status"]
        assert not state.get("failed"), release.kubectl("logs", f"job/{name}", "--all-containers", check=False)
        return bool(state.get("succeeded"))

    until(ended, 120, f"the job {name} ends")
    return release.kubectl("logs", f"job/{name}", "-c", cronjob)


def signed_in(release: Release) -> str:
    """The session of a user who has just signed in."""
    status, body = call(release, "/api/login", body={"email": "ada@example.com", "password": "haven-demo"})
    assert status == 200, body
    session: str = body["session_id"]
    return session


def test_everything_comes_back_after_all_data_went(release: Release) -> None:
    release.upgrade("--set", "backup.enabled=true")
    try:
        session = signed_in(release)
        assert call(release, "/api/protected", session)[0] == 200
        ends = int(time.time() * 1000) + 3_600_000
        redis(release, "SET", "shop:cart", "lamp", "PXAT", str(ends))

        made = run(release, "backup", "backup-now")
        assert "sessions" in made
        assert "guardian" in made

        release.wait_healthy()
        assert redis(release, "FLUSHDB") == "OK"
        assert call(release, "/api/protected", session)[0] == 401

        brought = run(release, "restore", "restore-now")
        print(f"\n{made}\n{brought}")  # noqa: T201 - it is what the run is for
        assert "everything that still lives is there" in brought
        assert call(release, "/api/protected", session)[0] == 200
        assert redis(release, "PEXPIRETIME", "shop:cart") == str(ends)
        release.wait_healthy()
    finally:
        release.kubectl("delete", "job", "backup-now", "restore-now", "--ignore-not-found")
        redis(release, "DEL", "shop:cart")


@pytest.mark.full
def test_a_fresh_release_gets_what_a_former_one_had(image: str, module_namespace: str) -> None:
    """What is left of the former one is its backup and its Secret, without which no cookie and no password is right."""
    release = Release(module_namespace, image)
    release.install("--set", "backup.enabled=true")
    sessions = [signed_in(release) for _ in range(20)]
    made = run(release, "backup", "backup-now")
    release.helm("uninstall", NAME, "--wait")
    release.kubectl("wait", "pod", "-l", f"app.kubernetes.io/instance={NAME}", "--for=delete", "--timeout=120s")
    claims = [claim["metadata"]["name"] for claim in release.get("persistentvolumeclaims")["items"]]
    gone = [claim for claim in claims if claim != f"{NAME}-backups"]
    assert len(gone) >= 3, claims
    release.kubectl("delete", "persistentvolumeclaim", *gone)

    release.install("--set", "backup.enabled=true", "--set", f"backup.storage.existingClaim={NAME}-backups")
    assert {call(release, "/api/protected", session)[0] for session in sessions} == {401}
    brought = run(release, "restore", "restore-now")
    print(f"\n{made}\n{brought}")  # noqa: T201 - it is what the run is for
    assert "everything that still lives is there" in brought
    assert {call(release, "/api/protected", session)[0] for session in sessions} == {200}
    release.helm("test", NAME, "--logs")
