from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadEnvelope, InvalidTask
from app.tasks.envelope import MAX_BYTES, Envelope, Sealer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    args=st.dictionaries(st.text(), JSON, max_size=5),
    expires=st.integers(0, 2**50),
    holds=st.booleans(),
    keys=st.lists(st.text(min_size=1), max_size=2),
)
def test_what_is_packed_is_opened_again(args: dict[str, Any], expires: int, keys: list[str], *, holds: bool) -> None:
    try:
        sealer = Sealer(keys)
        given = Envelope("note", args, expires, holds)
        text, signature = sealer.pack(given)
    except (InvalidTask, UnicodeError):  # lone surrogates
        return
    assert sealer.open(text, signature) == given
    assert bool(signature) == bool(keys)


@given(text=st.text() | st.builds(json.dumps, JSON), signature=st.text(max_size=70))
def test_whatever_lies_in_the_queue_is_opened_or_refused(text: str, signature: str) -> None:
    for sealer in (Sealer(), Sealer(["key"])):
        with suppress(BadEnvelope):
            sealer.open(text, signature)


def test_a_signature_is_of_this_text_and_of_a_known_key() -> None:
    text, signature = Sealer(["a"]).pack(Envelope("note", {"n": 1}))
    assert Sealer(["b", "a"]).open(text, signature).args == {"n": 1}
    assert Sealer().open(text, signature).args == {"n": 1}, "a worker without a key does not look"
    for keys, tried, seal in ((["b"], text, signature), (["a"], text.replace("1", "2"), signature), (["a"], text, "")):
        with pytest.raises(BadEnvelope, match="HAVEN_TASK_KEY"):
            Sealer(keys).open(tried, seal)


def test_a_version_that_is_not_known_is_for_a_newer_worker() -> None:
    with pytest.raises(BadEnvelope, match="version is 2") as caught:
        Sealer().open('{"v":2,"name":"note","args":{}}', "")
    assert caught.value.later


def test_the_size_is_that_of_the_json() -> None:
    Sealer().pack(Envelope("note", {"text": "x" * (MAX_BYTES - 100)}))
    with pytest.raises(InvalidTask, match=f"at most {MAX_BYTES}"):
        Sealer().pack(Envelope("note", {"text": "x" * MAX_BYTES}))
