from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from app.errors import SessionError
from app.sessions.codec import decode, encode

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ZONES = st.none() | st.just(UTC) | st.integers(-1439, 1439).map(lambda n: timezone(timedelta(minutes=n)))
TAGGED = st.binary() | st.uuids() | st.datetimes(timezones=ZONES)
KEYS = st.text() | st.sampled_from([" t", " b", " u", " d", " m", " di", " t__"])
VALUES = st.recursive(
    PLAIN | TAGGED,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=20,
)
ODD = st.recursive(
    PLAIN
    | st.floats()
    | st.sets(st.integers())
    | st.complex_numbers()
    | st.builds(object)
    | st.dates()
    | st.decimals(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers() | st.none() | st.booleans(), inner),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_of_json_and_of_flask_comes_back_as_it_was(value: object) -> None:
    found = decode(encode("key", value))
    assert found == value
    assert type(found) is type(value)


@given(ODD)
def test_what_is_not_refused_comes_back_as_it_was(value: object) -> None:
    try:
        text = encode("the key", value)
    except SessionError as error:
        assert "'the key'" in str(error)  # noqa: PT017 - both ways are right
    else:
        assert decode(text) == value


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1},
        float("nan"),
        float("inf"),
        1j,
        date(2026, 1, 1),
        Decimal(1),
        print,
        {1: 2},
        {"a": [{None: 1}]},
        b"".join,
    ],
)
def test_a_refusal_names_the_key_and_what_lies_there(value: object) -> None:
    with pytest.raises(SessionError, match=r"session\['cart'\] can't be kept .*") as caught:
        encode("cart", value)
    assert type(value).__name__ in str(caught.value)


@pytest.mark.parametrize("key", [1, None, b"x", ("a",), "\ud800", "a\udfff"])
def test_a_key_is_a_text(key: object) -> None:
    with pytest.raises(SessionError, match="keys are texts"):
        encode(key, 1)


def test_what_holds_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(SessionError, match="nested too deep"):
        encode("loop", loop)


def test_a_number_that_python_would_not_read_again_is_refused() -> None:
    with pytest.raises(SessionError, match="'n'"):
        encode("n", 10 ** (sys.get_int_max_str_digits() + 1))


def test_markup_stays_markup() -> None:
    found = decode(encode("m", Markup("<b>bold</b>")))
    assert isinstance(found, Markup)


def test_a_moment_keeps_its_microseconds_and_its_lack_of_a_zone() -> None:
    for moment in (datetime(2026, 1, 1, 1, 2, 3, 4), datetime(2026, 1, 1, 1, 2, 3, 4, UTC)):  # noqa: DTZ001
        found = decode(encode("at", moment))
        assert (found, found.tzinfo) == (moment, moment.tzinfo)


def test_text_is_kept_as_plain_json() -> None:
    assert encode("a", {"n": [1, "x", None, True]}) == '{"n":[1,"x",null,true]}'
    assert decode(encode("id", UUID(int=5))) == UUID(int=5)
