from __future__ import annotations

import pytest

from app.ratelimit import Limit, rate_limit
from app.ratelimit.limit import limits_of
from app.ratelimit.limiter import short


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5/minute", Limit(5, 60, name="minute")),
        ("5/s", Limit(5, 1, name="second")),
        (" 100 / 12 hours ", Limit(100, 43_200, name="43200s")),
        ("10/30s", Limit(10, 30, name="30s")),
        ("1/d", Limit(1, 86_400, name="day")),
        ("5/minute exact", Limit(5, 60, exact=True)),
        ("100/minute burst 20", Limit(100, 60, burst=20)),
    ],
)
def test_a_limit_in_words_is_the_limit_as_an_object(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit
    assert Limit.parse(str(limit)) == limit


def test_short_forms() -> None:
    assert Limit.per_second(5) == Limit(5, 1)
    assert Limit.per_minute(5, exact=True) == Limit(5, 60, exact=True)
    assert Limit.per_hour(5, burst=2) == Limit(5, 3600, burst=2)
    assert Limit.per_day(5, name="daily") == Limit(5, 86_400, name="daily")
    assert limits_of(("5/minute, 100/day", Limit(3, 1))) == (Limit(5, 60), Limit(100, 86_400), Limit(3, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit=0"),
        ({"limit": -1}, "limit=-1"),
        ({"limit": 2.5}, "limit=2.5"),
        ({"limit": True}, "limit=True"),
        ({"limit": "5"}, "limit='5'"),
        ({"limit": 1_000_001}, "1 to 1000000"),
        ({"limit": 10_001, "exact": True}, "1 to 10000"),
        ({"window": 0}, "window=0"),
        ({"window": -1}, "window=-1"),
        ({"window": 0.0001}, "window=0.0001"),
        ({"window": float("nan")}, "window=nan"),
        ({"window": 40 * 86_400}, "31 days"),
        ({"burst": 0}, "burst=0"),
        ({"burst": 2, "exact": True}, "choose one"),
        ({"by": "address"}, "by='address'"),
        ({"name": "a b"}, "name='a b'"),
        ({"name": 'a"'}, "name="),
    ],
)
def test_what_makes_no_limit_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Limit(**{"limit": 5, "window": 60, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/minute", "5/fortnight", "5 per minute", "5/minute exact burst 3", "-5/s"]
)
def test_a_text_that_says_no_limit_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"limit '.*': write it as 5/minute"):
        rate_limit(text)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "there is no limit"),
        ((5, 60), {}, "limit 5: write it as"),
        (("5/minute, 10/minute",), {}, "two limits are called minute: give each a name"),
        (("5/minute",), {"on_outage": "ajar"}, "open, closed, local"),
        (("5/minute",), {"guards": True, "on_outage": "open"}, "anybody could guess"),
        (("5/minute",), {"scope": "a:b"}, "scope='a:b'"),
        (("5/minute",), {"cost": -1}, "cost=-1"),
        (("5/minute, 3/day",), {"cost": 4}, "the least limit, 3"),
        (("5/minute",), {"cost": 1.5}, "cost=1.5"),
        (("5/minute",), {"by": "address"}, "by='address'"),
        (("5/minute",), {"exempt": True}, "exempt=True"),
    ],
)
def test_a_declaration_that_can_not_be_meant_is_refused_when_it_is_read(
    arguments: tuple[object, ...], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rate_limit(*arguments, **options)  # type: ignore[arg-type]


def test_one_that_guards_is_closed_unless_it_says_local() -> None:
    assert rate_limit("5/minute").on_outage == "open"
    assert rate_limit("5/minute", guards=True).on_outage == "closed"
    assert rate_limit("5/minute", guards=True, on_outage="local").on_outage == "local"


def test_a_name_is_part_of_a_key_only_if_it_is_short_and_plain() -> None:
    for plain in ("ada", "203.0.113.1", "2001:db8::/64", "user:7", 7):
        assert short(plain) == str(plain)
    odd: list[str | bytes] = ["", "x" * 41, "🏮", "\ud800", "a b", "a\nb", "~" + "0" * 24, b"", b"ada", b"\xff\x00"]
    found = [short(each) for each in odd]
    assert all(len(each) == 25 and each.startswith("~") for each in found)
    assert len(set(found)) == len(found) - 1, "nothing is the same but '' and b''"
    assert not any(short(each) == each for each in found), "nobody can send the digest of somebody else's name"
