from __future__ import annotations

import pytest

from app.drill.timeline import clock
from app.ops.console.look import Node, Picture, Sentinel
from app.ops.console.timeline import KEPT, TimeLine, changes, told, utc


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("+switch-master", "haven 10.0.0.1 1 10.0.0.2 2", "10.0.0.2:2 is the primary now; it was 10.0.0.1:1"),
        ("+sdown", "master haven 10.0.0.1 1", "primary 10.0.0.1:1 does not answer this Sentinel"),
        (
            "+sdown",
            "slave 10.0.0.2:2 10.0.0.2 2 @ haven 10.0.0.1 1",
            "replica 10.0.0.2:2 does not answer this Sentinel",
        ),
        ("+sdown", "sentinel 0f 10.0.0.3 3 @ haven 10.0.0.1 1", "Sentinel 10.0.0.3:3 does not answer this Sentinel"),
        ("+odown", "master haven fd00::1 1 #quorum 2/2", "primary fd00::1:1 is held for down by enough Sentinels"),
        ("+tilt", "#tilt mode entered", "This Sentinel's clock or host stalled: it acts on nothing for a while"),
        ("+new", "something <else>", "something <else>"),
        ("+switch-master", "unheard of", "unheard of"),
    ],
)
def test_a_sentinels_message_is_told_in_words(kind: str, text: str, words: str) -> None:
    assert told(kind, text) == words


def test_times_are_utc_to_the_millisecond() -> None:
    assert clock(1_800_000_000.1239) == "08:00:00.123"
    assert utc(1_800_000_000.9) == "2027-01-15 08:00:00"


def test_what_becomes_of_a_node_is_noticed() -> None:
    replica = Node("b:2", "replica", follows="a:1", linked=True)
    assert changes(replica, replica) == []
    assert changes(replica, Node("b:2", trouble="refused")) == ["b:2 does not answer: refused"]
    assert changes(Node("b:2", trouble="x"), Node("b:2", trouble="y")) == []
    assert changes(Node("b:2", trouble="x"), replica) == ["b:2 answers again, as a replica"]
    assert changes(replica, Node("b:2", "primary", linked=True)) == ["b:2 says it is a primary, and was a replica"]
    silent = Node("b:2", "replica", trouble="x", follows="a:1", linked=True)
    assert changes(silent, Node("b:2", "primary")) == ["b:2 answers again, as a primary, and was a replica"]
    moved = Node("b:2", "replica", follows="c:3", linked=False)
    assert changes(replica, moved) == ["b:2 follows c:3 now", "b:2 has no link to c:3"]


def test_a_look_that_missed_a_node_hides_no_change_of_its_role() -> None:
    line = TimeLine()
    for nodes in [Node("b:2", "replica")], [Node("b:2", trouble="x")], [Node("b:2", trouble="y")], []:
        line.compare(Picture(0.0, tuple(nodes)))
    line.compare(Picture(0.0, (Node("b:2", "primary"),)))
    assert [moment.text for moment in line.since()] == [
        "b:2 does not answer: x",
        "b:2 answers again, as a primary, and was a replica",
    ]
    line.forget()
    line.compare(Picture(0.0, (Node("b:2", "replica"),)))
    assert len(line.since()) == 2


def test_as_many_nodes_are_remembered_as_lines() -> None:
    line = TimeLine()
    for number in range(KEPT + 5):
        line.compare(Picture(0.0, (Node(f"b:{number}", "replica"),)))
    for number in (4, KEPT + 4):
        line.compare(Picture(0.0, (Node(f"b:{number}", "primary"),)))
    assert [moment.text for moment in line.since()] == [f"b:{KEPT + 4} says it is a primary, and was a replica"]


def test_the_line_keeps_the_last_and_tells_what_is_new() -> None:
    line = TimeLine()
    for number in range(KEPT + 5):
        line.hear("s:1", "+reboot", f"master haven h {number}")
    kept = line.since()
    assert len(kept) == KEPT
    assert kept[-1].number == KEPT + 5
    assert [moment.number for moment in line.since(KEPT + 3)] == [KEPT + 4, KEPT + 5]
    assert kept[0].key == "Sentinel s:1|+reboot|primary h:5 was restarted"


def test_a_summary_says_who_is_primary_and_who_doubts() -> None:
    nodes = (Node("a:1", named=2, trouble="gone"), Node("b:2", "primary"), Node("c:3", "replica", linked=True))
    sentinels = (Sentinel("s:1", "a:1", down=True), Sentinel("s:2", "a:1", down=True, moving=True))
    assert Picture(0.0, nodes, sentinels).summary == (
        "b:2 is primary; 1 of 1 replicas linked; 2 of 2 Sentinels name a:1; 2 hold it for down; "
        "a failover is under way."
    )
    assert Picture(0.0).summary.startswith("No node is primary")
