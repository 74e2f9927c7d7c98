from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.store.sentinel import View
from app.store.tenure import SAFE_FOR, Tenure
from app.store.topology import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = Address("old", 1), Address("new", 1)


class Sentinels:
    """Three Sentinels that say what the test wants, and count how often they are asked."""

    def __init__(self, *views: View) -> None:
        self.views: Sequence[View] = views
        self.asked = 0

    def __call__(self) -> Sequence[View]:
        self.asked += 1
        return self.views


def naming(primary: Address, epoch: int = 1, *, down: bool = False, moving: bool = False) -> View:
    return View(primary, epoch, down or moving, (), moving=moving)


CALM = naming(OLD)
LEADS = naming(OLD, moving=True)
HAS_PROMOTED = naming(OLD, epoch=2, moving=True)


@pytest.mark.parametrize(
    ("node", "views", "certain"),
    [
        pytest.param(OLD, (CALM, CALM, CALM), True, id="as ever"),
        pytest.param(OLD, (CALM, CALM), True, id="one Sentinel is away"),
        pytest.param(OLD, (CALM,), False, id="two are away"),
        pytest.param(OLD, (), False, id="all are away"),
        pytest.param(OLD, (CALM, LEADS, CALM), False, id="one leads a failover against it"),
        pytest.param(OLD, (CALM, HAS_PROMOTED, CALM), False, id="one has promoted another"),
        pytest.param(OLD, (CALM, naming(NEW, 2), CALM), False, id="one names another already"),
        pytest.param(OLD, (naming(OLD, down=True), CALM, CALM), True, id="one holds it for down"),
        pytest.param(OLD, (naming(OLD, down=True), naming(OLD, down=True), CALM), False, id="most hold it for down"),
        pytest.param(NEW, (CALM, HAS_PROMOTED, CALM), True, id="promoted, and not named yet"),
        pytest.param(NEW, (CALM, LEADS, CALM), True, id="promoted, and its Sentinel has yet to see it"),
        pytest.param(NEW, (CALM, naming(NEW, 2), CALM), True, id="named by the first"),
        pytest.param(NEW, (CALM, CALM, CALM), False, id="promoted by nobody who answers"),
        pytest.param(OLD, (LEADS, naming(NEW, 2), naming(NEW, 2)), False, id="an attempt of the past goes on"),
    ],
)
def test_after_a_silence_it_goes_by_the_sentinels(node: Address, views: tuple[View, ...], certain: bool) -> None:  # noqa: FBT001
    assert Tenure(Sentinels(*views), 3).holds(node, time.monotonic()) is certain


def test_answers_without_a_silence_between_them_need_no_question() -> None:
    sentinels = Sentinels(CALM, CALM, CALM)
    tenure = Tenure(sentinels, 3)
    for _ in range(100):
        assert tenure.holds(OLD, time.monotonic())
    assert sentinels.asked == 1
    sentinels.views = (CALM, LEADS, CALM)
    assert tenure.holds(OLD, time.monotonic())  # a moment later nobody can have been elected
    time.sleep(SAFE_FOR)
    assert not tenure.holds(OLD, time.monotonic())


def test_writes_of_any_kind_prolong_a_tenure_and_begin_none() -> None:
    sentinels = Sentinels(CALM, CALM, CALM)
    tenure = Tenure(sentinels, 3)
    tenure.answered(OLD, time.monotonic())
    assert tenure.holds(OLD, time.monotonic())
    assert sentinels.asked == 1
    for _ in range(8):
        time.sleep(SAFE_FOR / 4)
        tenure.answered(OLD, time.monotonic())
    tenure.answered(NEW, time.monotonic())
    assert tenure.holds(OLD, time.monotonic())
    assert sentinels.asked == 1
    time.sleep(SAFE_FOR * 1.1)
    tenure.answered(OLD, time.monotonic())
    assert tenure.holds(OLD, time.monotonic())
    assert sentinels.asked == 2


def test_an_answer_counts_from_when_it_was_asked_for() -> None:
    sentinels = Sentinels(CALM, CALM, CALM)
    tenure = Tenure(sentinels, 3)
    assert tenure.holds(OLD, time.monotonic() - SAFE_FOR)  # the server may have slept since it did it
    assert tenure.holds(OLD, time.monotonic())
    assert sentinels.asked == 2


def test_another_node_begins_anew() -> None:
    sentinels = Sentinels(CALM, CALM, CALM)
    tenure = Tenure(sentinels, 3)
    assert tenure.holds(OLD, time.monotonic())
    assert not tenure.holds(NEW, time.monotonic())
    assert sentinels.asked == 2


def test_threads_in_doubt_at_the_same_time_share_an_answer() -> None:
    everyone = 20
    begun = threading.Barrier(everyone)
    sentinels = Sentinels(CALM, LEADS, CALM)

    def slow() -> Sequence[View]:
        time.sleep(0.05)
        return sentinels()

    tenure = Tenure(slow, 3)

    def doubt(_: int) -> bool:
        begun.wait()
        return tenure.holds(OLD, time.monotonic())

    with ThreadPoolExecutor(everyone) as threads:
        assert not any(threads.map(doubt, range(everyone)))
    assert sentinels.asked <= 2
