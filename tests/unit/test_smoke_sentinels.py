"""What `haven smoke` says of Sentinels that would not fail over, from what they say themselves."""

from __future__ import annotations

import pytest

from app.errors import SmokeError
from app.smoke.sentinels import NotApplicable, Sentinels
from app.store.discovery import SentinelTopology
from app.store.sentinel import Replica, View
from app.store.topology import Address, Fixed

S1, S2, S3 = (Address(f"s{place}", 26379) for place in (1, 2, 3))
A, B, C = (Address(name, 6379) for name in "abc")


class Rehearsed(SentinelTopology):
    """Sentinels that say what the test wants; nothing is connected."""

    def __init__(self, said: dict[Address, View | str]) -> None:
        super().__init__(list(said), "haven", timeout=0.1, sentinel_options={}, node_options={}, tls=False)
        self.sentinels.everyone = lambda: said  # type: ignore[method-assign]


def view(
    *replicas: Replica, primary: Address = A, down: bool = False, moving: bool = False, peers: int = 2, quorum: int = 2
) -> View:
    found = replicas or (Replica(B), Replica(C))
    return View(primary, 1, down=down, replicas=found, moving=moving, peers=peers, quorum=quorum)


def sentinels(*said: View | str) -> Sentinels:
    return Sentinels(Rehearsed(dict(zip((S1, S2, S3), said, strict=False))))


def test_three_that_agree_are_a_quorum_and_find_a_successor() -> None:
    three = sentinels(view(), view(), view(Replica(B), Replica(C, priority=0)))
    assert three.quorum() == "3 of 3 Sentinels name a:6379, 2 must agree"
    assert three.failover() == "1 of 2 replicas could be promoted"


def test_a_majority_of_them_is_enough_to_ask() -> None:
    assert sentinels(*[view(peers=4, quorum=2)] * 3).quorum() == "3 of 5 Sentinels name a:6379, 3 must agree"


def test_a_single_redis_has_none() -> None:
    alone = Sentinels(Fixed(A))
    for check in (alone.quorum, alone.failover):
        with pytest.raises(NotApplicable, match="a single Redis has no Sentinels"):
            check()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            [view(), "Connection refused", view()],
            r"^Sentinel s2:26379 does not say where the primary is \(Connection refused\): start it, or correct",
        ),
        (
            [view(), view(primary=B), view()],
            r"disagree: s1:26379 names a:6379, s2:26379 names b:6379, s3:26379 names a:6379; .* SENTINEL RESET the odd",
        ),
        ([view(), view(), view(peers=0)], r"^Sentinel s3:26379 knows 0 of the 2 others: .* see their logs"),
        ([view(peers=5)] * 3, r"^3 of 6 Sentinels are known here, and 4 must agree: list all in REDIS_SENTINEL_HOSTS"),
        ([view(peers=2)], r"^1 of 3 Sentinels are known here, and 2 must agree: list all in REDIS_SENTINEL_HOSTS"),
        ([view(), view(quorum=4), view()], r"^3 of 3 Sentinels .* 4 must agree: .* SENTINEL SET if quorum is too high"),
    ],
)
def test_what_keeps_them_from_agreeing_is_named(said: list[View | str], message: str) -> None:
    with pytest.raises(SmokeError, match=message):
        sentinels(*said).quorum()


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (view(down=True, moving=True), r"^Sentinel s2:26379 is replacing a:6379 just now: try again"),
        (view(down=True), r"^Sentinel s2:26379 holds the primary a:6379 for down: start it"),
        (
            view(Replica(B, down=True), Replica(C, linked=False), Replica(S3, priority=0)),
            r"\(b:6379 does not answer, c:6379 has no link to its primary, s3:26379 has replica-priority 0\): one must",
        ),
        (View(A, 1, down=False, replicas=(), peers=2, quorum=2), r"could promote \(none at all\): one must run"),
        ("no answer", r"^Sentinel s2:26379 does not say where the primary is \(no answer\)"),
    ],
)
def test_what_keeps_them_from_a_failover_is_named(odd: View | str, message: str) -> None:
    with pytest.raises(SmokeError, match=message):
        sentinels(view(), odd, view()).failover()
