from __future__ import annotations

import pytest

from app.config import load_config
from app.errors import ConfigError
from app.guardian.settings import Timings
from app.guardian.timings import refusals


def test_the_defaults_are_not_refused() -> None:
    assert list(refusals(Timings())) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ping_period": 249}, "no replica is good enough"),
        ({"ping_period": 301}, "a new primary looks down right after every switch"),
        ({"failover_timeout": 1_199}, "before its promotion can be confirmed"),
        ({"down_after": 299, "ping_period": 250}, "any pause looks like death"),
        ({"info_period": 600}, "may pass over who has the last write"),
        ({"info_period": 399}, "no replica is good enough"),
    ],
)
def test_a_value_that_breaks_failovers_is_refused_with_the_reason(changed: dict[str, int], said: str) -> None:
    lines = [line for line in refusals(Timings(**changed)) if said in line]
    assert lines
    assert "; use " in lines[0]
    name = next(iter(changed))
    assert f"HAVEN_SENTINEL_{name.upper()}_MS={changed[name]}" in lines[0]


@pytest.mark.parametrize("right", [{"ping_period": 250}, {"ping_period": 300}, {"failover_timeout": 1_200}])
def test_the_boundary_itself_is_right(right: dict[str, int]) -> None:
    assert list(refusals(Timings(**right))) == []


def test_the_configuration_refuses_them_too() -> None:
    with pytest.raises(ConfigError, match="HAVEN_SENTINEL_PING_PERIOD_MS=100"):
        load_config({"HAVEN_SENTINEL_PING_PERIOD_MS": "100"})
