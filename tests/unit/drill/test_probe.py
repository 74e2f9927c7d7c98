from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.drill.experiment import Probes
from app.drill.probe import process
from app.drill.probe.process import Probe

AWAY = OperationalError("select 1", None, Exception("failed to resolve host 'db'"))


def probe() -> Probe:
    runtime: Any = SimpleNamespace(db=None)
    teller: Any = None
    return Probe(runtime, Probes(), "run", ("http://127.0.0.1:1", "http://127.0.0.1:1"), 1.0, teller)


def test_a_database_that_comes_back_just_now_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by a drill right after a node was drained, with the cluster's only name server on it."""
    answers: list[Any] = [AWAY, AWAY, "guest"]

    def make(*_: object) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(process, "make_guest", make)
    monkeypatch.setattr(process, "BEAT_EVERY", 0.01)
    made: Any = probe()._make_guest()
    assert made == "guest"
    assert answers == []


def test_one_that_stays_away_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*_: object) -> Any:
        raise AWAY

    monkeypatch.setattr(process, "make_guest", make)
    monkeypatch.setattr(process, "BEAT_EVERY", 0.01)
    monkeypatch.setattr(process, "_DATABASE", 0.1)
    with pytest.raises(OperationalError, match="failed to resolve"):
        probe()._make_guest()
