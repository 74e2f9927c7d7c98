"""The events' codecs and scripts against plain models, with whatever hypothesis thinks of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.events import Presence, Publisher
from app.events.log import order, read
from app.events.publisher import MAX_NAME
from app.store import keys

if TYPE_CHECKING:
    from app.store import Store

SHARED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.text(min_size=1, max_size=MAX_NAME).filter(lambda name: name.isprintable() and not name.startswith("haven."))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(NAMES.filter(lambda name: name != "all"), NAMES, st.dictionaries(st.text(), VALUES, max_size=5))
@SHARED
def test_an_event_comes_out_as_it_went_in_by_every_way(
    store: Store, channel: str, kind: str, data: dict[str, Any]
) -> None:
    before = read(store, (), None).newest
    event_id = Publisher(store).publish(channel, kind, data)
    (event,) = read(store, [channel], before).events
    assert (event.id, event.channel, event.kind, event.data) == (event_id, channel, kind, data)
    message = json.loads(event.as_message)
    assert (message["id"], message["channel"], message["kind"], message["data"]) == (event_id, channel, kind, data)
    lines = event.as_sse.decode().split("\n")
    assert [line.partition(": ")[0] for line in lines] == ["id", "event", "data", "", ""]
    assert lines[1] == f"event: {kind}"
    assert json.loads(lines[2].partition(": ")[2]) == {"channel": channel, **data}


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), min_size=1, max_size=30)


@given(STEPS, st.data())
@SHARED
def test_whoever_goes_on_from_any_place_hears_the_rest_or_is_told_of_a_gap(
    store: Store, steps: list[tuple[str, int]], data: st.DataObject
) -> None:
    store.redis.flushdb()
    published: list[tuple[str, str, int]] = []
    for channel, count in steps:  # many of one at once, so that whole nodes of the logs are removed
        for _ in range(count):
            names = [keys.event_log("all"), keys.event_log(channel), keys.event_mark(str(len(published)))]
            args = (channel, keys.channel(channel), "made", json.dumps({"n": len(published)}), 10_000, 100, 86_400_000)
            for _ in range(data.draw(st.integers(1, 2))):  # repeated, it is the same event
                event_id = store.run("event_publish", names, args, repeatable=True)
            published.append((event_id, channel, len(published)))
    assert [order(one[0]) for one in published] == sorted({order(one[0]) for one in published})
    if not published:
        return
    place = data.draw(st.integers(0, len(published) - 1))
    found = read(store, ["a", "b", "c"], published[place][0])
    heard = [event.data["n"] for event in found.events]
    assert heard == sorted(heard)
    for channel in "abc":
        rest = [n for _, of, n in published[place + 1 :] if of == channel]
        mine = [event.data["n"] for event in found.events if event.channel == channel]
        assert mine == rest[len(rest) - len(mine) :], "the last ones, all of them"
        assert (channel in found.gaps) == (len(mine) < len(rest))


@given(st.lists(st.tuples(st.sampled_from(["came", "went"]), st.integers(0, 2), st.integers(1, 4)), max_size=30))
@SHARED
def test_who_is_here_is_who_came_and_did_not_go(store: Store, steps: list[tuple[str, int, int]]) -> None:
    store.redis.flushdb()
    processes = [Presence(store) for _ in range(3)]
    here: set[tuple[int, int]] = set()
    ever: set[int] = set()
    for what, process, user_id in steps:
        getattr(processes[process], what)(user_id)
        (here.add if what == "came" else here.discard)((process, user_id))
        ever |= {user_id} if what == "came" else set()
    found = processes[0].of([1, 2, 3, 4])
    assert [one.online for one in found] == [any(user == n for _, user in here) for n in (1, 2, 3, 4)]
    assert [one.seen is not None for one in found] == [n in ever for n in (1, 2, 3, 4)]
