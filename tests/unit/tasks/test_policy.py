from __future__ import annotations

from typing import Any

import pytest

from app.tasks import Limit, Registry
from app.tasks.policy import Options
from app.tasks.worker.recycling import Recycling


@pytest.mark.parametrize(
    ("options", "spec"),
    [
        ({"concurrency": 3}, "3 0 1"),
        ({"rate": 10}, "0 100 10"),
        ({"rate": 1, "per": 60, "burst": 5, "concurrency": 2}, "2 60000 5"),
        ({"rate": 100_000}, "0 1 100000"),
    ],
)
def test_a_limit_as_the_scripts_read_it(options: dict[str, Any], spec: str) -> None:
    assert Limit(**options).spec() == spec


@pytest.mark.parametrize(
    ("options", "says"),
    [({}, "limits nothing"), ({"concurrency": -1}, "negative"), ({"rate": 1, "per": 0}, "per is more than 0")],
)
def test_a_limit_that_can_not_be_meant_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Limit(**options)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"retries": 3}, TypeError, r"retries; known: .*attempts.*unique"),
        ({"attempts": 0}, ValueError, "attempts=0"),
        ({"priority": "urgent"}, ValueError, "'urgent' is not one of high, normal, low"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Registry().task(**options)


def test_what_is_tried_again() -> None:
    plain = Options(attempts=3)
    assert [plain.tries_again(OSError(), attempt) for attempt in (1, 2, 3, 4)] == [True, True, False, False]
    choosy = Options(retry_on=(OSError,), give_up_on=(FileNotFoundError,))
    assert [choosy.tries_again(error, 1) for error in (OSError(), FileNotFoundError(), KeyError())] == [
        True,
        False,
        False,
    ]


def test_a_process_ends_after_about_so_many_tasks() -> None:
    ends = []
    for _ in range(50):
        recycling = Recycling(tasks=100)
        ends.append(next(count for count in range(1, 200) if recycling.is_due()))
    assert 90 <= min(ends) < max(ends) <= 110


def test_a_process_ends_when_it_has_become_fat_and_never_without_a_bound() -> None:
    assert Recycling(megabytes=1).is_due()
    assert not Recycling(megabytes=1 << 20).is_due()
    assert not any(Recycling().is_due() for _ in range(1000))
