from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import Field

from app.errors import InvalidTask, UnknownTask
from app.tasks import Registry, registry


@pytest.fixture
def tasks() -> Registry:
    made = Registry()

    @made.task(attempts=2)
    def resize(path: str, width: Annotated[int, Field(ge=1)], *, crop: bool = False) -> None:
        """Nothing: only its parameters matter."""

    return made


def test_arguments_are_checked_completed_and_made_json(tasks: Registry) -> None:
    assert tasks.get("resize").check({"path": "a", "width": "3"}) == {"path": "a", "width": 3, "crop": False}
    assert tasks.get("resize").options.attempts == 2


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ({"path": "a"}, "width: "),
        ({"path": "a", "width": 0}, "width: "),
        ({"path": "a", "width": "wide"}, "width: "),
        ({"path": None, "width": 1}, "path: "),
        ({"path": "a", "width": 1, "crop": "perhaps"}, "crop: "),
        ({"path": "a", "width": 1, "hight": 2}, "hight: "),
        ({"hight": 2}, r"path: .*width: .*hight: "),
    ],
)
def test_a_wrong_argument_is_named(tasks: Registry, args: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidTask, match=f"'resize'.*{named}"):
        tasks.get("resize").check(args)


@pytest.mark.parametrize("args", [None, [], "text", 1])
def test_arguments_that_are_no_mapping_are_refused(tasks: Registry, args: Any) -> None:
    with pytest.raises(InvalidTask, match="resize"):
        tasks.get("resize").check(args)


def test_an_unknown_task_is_named_with_those_there_are(tasks: Registry) -> None:
    with pytest.raises(UnknownTask, match=r"'rezise'.*resize"):
        tasks.get("rezise")
    with pytest.raises(UnknownTask, match="none"):
        Registry().get("anything")


def test_types_that_json_has_not_are_taken_by_their_text() -> None:
    tasks = Registry()

    @tasks.task()
    def remind(on: date) -> None:
        """Nothing."""

    assert tasks.get("remind").check({"on": date(2026, 1, 2)}) == {"on": "2026-01-02"}
    assert tasks.get("remind").check({"on": "2026-01-02"}) == {"on": "2026-01-02"}


def test_two_tasks_of_one_name_are_refused(tasks: Registry) -> None:
    def resize(path: str) -> None:
        """Nothing."""

    with pytest.raises(ValueError, match="'resize' already"):
        tasks.task()(resize)
    assert tasks.get("resize").options.attempts == 2


def test_a_task_that_is_never_tried_is_refused(tasks: Registry) -> None:
    with pytest.raises(ValueError, match="attempts=0"):
        tasks.task(attempts=0)


def test_parameters_that_can_not_be_checked_are_refused(tasks: Registry) -> None:
    def untyped(path) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
        """Nothing."""

    def starred(*paths: str) -> None:
        """Nothing."""

    def double_starred(**paths: str) -> None:
        """Nothing."""

    def positional(path: str, /) -> None:
        """Nothing."""

    for function in (untyped, starred, double_starred, positional):
        with pytest.raises(TypeError, match=f"{function.__name__}.*path"):
            tasks.task()(function)


def test_the_function_stays_what_it_was(tasks: Registry) -> None:
    def greet(name: str) -> str:
        return name

    assert tasks.task()(greet) is greet


def test_the_examples_tasks_are_there() -> None:
    import app.example.tasks  # noqa: F401, PLC0415 - importing them registers them

    for name in ("send_email", "generate_report", "process_image"):
        assert registry.get(name).name == name
