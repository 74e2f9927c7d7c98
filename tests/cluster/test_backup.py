"""A backup by the chart's own CronJob, and back from it by the other one, after all data went."""

from __future__ import annotations

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


def run(release: Release, cronjob: str, name: str) -> str:
    """Begin its Job now; what it said when it has ended well."""
    release.kubectl("create", "job", f"--from=cronjob/{NAME}-{cronjob}", name)

    def ended() -> bool:
        state = release.get("job", name)["status"]
        assert not state.get("failed"), release.kubectl("logs", f"job/{name}", "--all-containers", check=False)
        return bool(state.get("succeeded"))

    until(ended, 120, f"the job {name} ends")
    return release.kubectl("logs", f"job/{name}", "-c", cronjob)


def refused_once(release: Release, name: str) -> str:
    """Begin a restore that is not tried again; what it said."""
    release.kubectl("create", "job", f"--from=cronjob/{NAME}-restore", name)
    until(lambda: release.get("job", name)["status"].get("conditions"), 120, f"the job {name} ends")
    status = release.get("job", name)["status"]
    assert "PodFailurePolicy" in {each.get("reason") for each in status["conditions"]}, status
    assert status.get("failed", 0) <= 1, status
    return release.kubectl("logs", f"job/{name}", "-c", "restore")


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
        release.redis("SET", "shop:cart", "lamp", "PXAT", str(ends))

        made = run(release, "backup", "backup-all")
        assert "sessions" in made
        assert "guardian" in made

        release.wait_healthy()
        assert release.redis("FLUSHDB") == "OK"
        assert call(release, "/api/protected", session)[0] == 401

        brought = run(release, "restore", "restore-now")
        print(f"\n{made}\n{brought}")  # noqa: T201 - it is what the run is for
        assert "everything that still lives is there" in brought
        assert call(release, "/api/protected", session)[0] == 200
        assert release.redis("PEXPIRETIME", "shop:cart") == str(ends)
        release.wait_healthy()
        assert "refused: " in refused_once(release, "restore-again")
    finally:
        release.kubectl("delete", "job", "backup-all", "restore-now", "restore-again", "--ignore-not-found")
        release.redis("DEL", "shop:cart")


@pytest.mark.full
def test_a_fresh_release_gets_what_a_former_one_had(image: str, module_namespace: str) -> None:
    """What is left of the former one is its backup and its Secret, without which no cookie and no password is right."""
    release = Release(module_namespace, image)
    release.install("--set", "backup.enabled=true")
    sessions = [signed_in(release) for _ in range(4)]  # a fifth within the minute is refused
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
