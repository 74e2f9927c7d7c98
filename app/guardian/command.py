"""`haven handover`: ask the primary's guardian to give the role to a replica."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.errors import GuardianError
from app.guardian.outcome import DONE, REFUSED, TIMED_OUT

if TYPE_CHECKING:
    from app.config import Config

    Address = tuple[str, int]

CODES: Final = {DONE: 0, REFUSED: 3, TIMED_OUT: 4}
"""Exit codes; 1 is for everything that went wrong before a guardian was asked."""
_STATUS: Final = 2.0
_HANDOVER: Final = 35.0
_OK: Final = 200
_WRONG_TOKEN: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    Attributes:
        code: the exit code.
        body: the guardian's answer.
    """

    code: int
    body: dict[str, Any]


def hand_over(config: Config, to: str | None, *, only_here: bool = False) -> Answer:
    """Hand over.

    Args:
        config: where the guardians are, and the token.
        to: the node that is to be primary; None for the fittest.
        only_here: ask only the guardian on this machine, and do nothing unless its node is the primary (for a hook that
            runs before its node is stopped).

    Raises:
        GuardianError: no guardian answers, none says that its node is primary, or the token is wrong.
    """
    here = ("127.0.0.1" if config.haven_ops_host == "0.0.0.0" else config.haven_ops_host, config.haven_ops_port)  # noqa: S104 - compared, not listened on
    hosts = [here] if only_here else list(config.haven_guardian_hosts or [here])
    found = {host: _status(host) for host in hosts}
    answering = {host: status for host, status in found.items() if status is not None}
    if not answering:
        tried = ", ".join(f"{host}:{port}" for host, port in hosts)
        raise GuardianError(f"no guardian answers at {tried}: start it, or correct HAVEN_GUARDIAN_HOSTS")
    primaries = [host for host, status in answering.items() if status["state"] == "primary"]
    if only_here and not primaries:
        return Answer(0, {"result": DONE, "reason": "this node is not the primary: nothing to hand over"})
    if len(primaries) != 1:
        states = ", ".join(f"{status['node']} is {status['state']}" for status in answering.values())
        raise GuardianError(f"{len(primaries)} nodes are primary ({states}): wait until one is, or see `haven status`")
    token = config.haven_guardian_token
    status, body = ask(
        primaries[0],
        "POST",
        f"/handover?to={to}" if to else "/handover",
        _HANDOVER,
        token.get_secret_value() if token else "",
    )
    if status in _WRONG_TOKEN:
        raise GuardianError(f"{body.get('error', 'not allowed')}")
    return Answer(CODES.get(str(body.get("result")), 1), body)


def _status(host: Address) -> dict[str, Any] | None:
    try:
        status, body = ask(host, "GET", "/status", _STATUS, "")
    except GuardianError:
        return None
    return body if status == _OK and "state" in body else None


def ask(host: Address, method: str, path: str, timeout: float, token: str) -> tuple[int, dict[str, Any]]:
    """Ask one guardian; its HTTP status and its answer.

    Raises:
        GuardianError: it does not answer within ``timeout`` seconds, or not as a guardian does.
    """
    connection = http.client.HTTPConnection(*host, timeout=timeout)
    try:
        connection.request(method, path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise GuardianError(f"the guardian at {host[0]}:{host[1]} does not answer: {error}") from error
    finally:
        connection.close()
