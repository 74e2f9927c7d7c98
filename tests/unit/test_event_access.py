from __future__ import annotations

import pytest
from werkzeug.exceptions import BadRequest, Forbidden

from app.events import access


@pytest.fixture(autouse=True)
def _rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_rules", [])

    @access.allows("order:*")
    def even(user_id: int, channel: str) -> bool:
        return int(channel.partition(":")[2]) % user_id == 0


def test_everyone_hears_the_broadcast_and_what_is_for_them() -> None:
    assert access.checked(7, ["broadcast", "user:7", "broadcast"]) == ["broadcast", "user:7"]


@pytest.mark.parametrize("channel", ["user:8", "user:77", "user:7 ", "USER:7", "all", "order:9", "elsewhere", "user:*"])
def test_nobody_hears_what_no_rule_allows(channel: str) -> None:
    with pytest.raises(Forbidden, match="not for this user"):
        access.checked(7, ["broadcast", channel])


def test_a_rule_is_asked_for_its_channels() -> None:
    assert access.checked(7, ["order:14"]) == ["order:14"]
    assert not access.may_hear(7, "order:15")


@pytest.mark.parametrize("channels", [[], [""], ["a\nb"], ["x" * 201], [f"user:{n}" for n in range(21)]])
def test_what_is_no_channel_is_refused(channels: list[str]) -> None:
    with pytest.raises(BadRequest, match="channel"):
        access.checked(7, channels)
