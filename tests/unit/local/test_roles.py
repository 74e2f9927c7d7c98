import pytest

from app.local.roles import PATIENCE, Follow, Promote, Seen, View, freshest, leaderless, named_primary, plan

CALM = "master"


def primary(port: int, heartbeat: int = 100) -> Seen:
    return Seen(port, primary=True, follows=None, linked=False, heartbeat=heartbeat)


def replica(port: int, of: int, heartbeat: int = 100, *, linked: bool = True) -> Seen:
    return Seen(port, primary=False, follows=of, linked=linked, heartbeat=heartbeat)


def by_port(*nodes: Seen) -> dict[int, Seen]:
    return {node.port: node for node in nodes}


def views(*names: int, flags: str = CALM) -> list[View]:
    return [View(name, flags, 2) for name in names]


@pytest.mark.parametrize(
    ("names", "named"), [((1, 1, 1), 1), ((1, 1, 2), 1), ((1, 1), 1), ((1, 2), None), ((1,), None), ((), None)]
)
def test_only_a_majority_of_all_sentinels_names_a_primary(names: tuple[int, ...], named: int | None) -> None:
    assert named_primary(views(*names), 3) == named


def test_the_freshest_data_wins_then_the_named_node_then_the_first() -> None:
    assert freshest([replica(1, 9, 5), replica(2, 9, 7), replica(3, 9, 6)], 1) == 2
    assert freshest([replica(1, 9, 5), replica(2, 9, 5)], 2) == 2
    assert freshest([replica(7, 9, 0), replica(5, 9, 0)], None) == 7


def test_a_right_cluster_is_left_alone() -> None:
    assert plan(by_port(primary(1), replica(2, 1), replica(3, 1)), views(1, 1, 1), 3, 0) == []


def test_a_returning_primary_and_a_lost_replica_are_put_right() -> None:
    nodes = by_port(primary(1), primary(2), replica(3, 99, linked=False))
    assert plan(nodes, views(2, 2, 1), 3, 0) == [Follow(1, 2), Follow(3, 2)]


@pytest.mark.parametrize("flags", ["master,s_down", "master,o_down", "master,failover_in_progress,force_failover"])
def test_nothing_is_touched_while_the_sentinels_are_at_work(flags: str) -> None:
    assert plan(by_port(primary(1), primary(2)), [*views(1, 1), *views(1, flags=flags)], 3, 0) == []


def test_without_a_majority_of_sentinels_nothing_is_touched() -> None:
    assert plan(by_port(primary(1), primary(2), replica(3, 99)), views(1), 3, PATIENCE * 9) == []


def test_a_named_node_promotes_itself_only_after_a_while() -> None:
    nodes = by_port(replica(1, 99), replica(2, 1), replica(3, 1))
    assert plan(nodes, views(1, 1, 1), 3, PATIENCE - 0.1) == []
    assert plan(nodes, views(1, 1, 1), 3, PATIENCE) == [Promote(1)]


def test_a_named_node_that_lost_its_data_never_promotes_itself() -> None:
    nodes = by_port(replica(1, 99, heartbeat=0), replica(2, 1), replica(3, 1))
    assert plan(nodes, views(1, 1, 1), 3, PATIENCE * 9) == []


def test_a_minority_or_the_presence_of_another_primary_stops_a_promotion() -> None:
    assert plan(by_port(replica(1, 99)), views(1, 1, 1), 3, PATIENCE) == []
    assert plan(by_port(replica(1, 99), primary(2), replica(3, 2)), views(1, 1, 1), 3, PATIENCE) == []


def test_leaderless_is_a_named_replica_with_no_primary_and_no_failover() -> None:
    nodes = by_port(replica(1, 99), replica(2, 1))
    assert leaderless(nodes, views(1, 1, 1), 3)
    assert not leaderless(nodes, views(1, 1, 1, flags="master,failover_in_progress"), 3)
    assert not leaderless(by_port(replica(1, 99), primary(2)), views(1, 1, 1), 3)
    assert not leaderless(by_port(replica(2, 1)), views(1, 1, 1), 3)
