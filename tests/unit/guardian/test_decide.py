"""Every rule, by example; what faults have taught is marked as such."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.guardian.facts import (
    AWAY,
    JOINING,
    REPLICA,
    STRANGER,
    WAITING,
    Beat,
    Follow,
    Freshness,
    HandOver,
    Hint,
    Hold,
    Opinion,
    Pause,
    Promote,
    Release,
    SetFit,
)
from app.guardian.memory import HOLD_MS, Limits
from tests.unit.guardian.worlds import NEVER, NEW, OLD, Story, booted, names, primary, replica

LIMITS = Limits()


def test_a_first_install_makes_the_first_node_primary_with_the_sentinels_held() -> None:
    story = Story()
    nodes = [booted(NEVER), booted(NEVER), booted(NEVER)]
    assert story.see(nodes, names(0, 0, 0, epoch=0)).orders == (Hold(),)
    held = [Opinion(0, 0, down_after=HOLD_MS)] * 3
    assert story.see(nodes, held).orders == (Promote(),)
    serving = [primary(NEVER), *nodes[1:]]
    deaf = [replace(opinion, convinced=False) for opinion in held]
    assert story.see(serving, deaf).orders == (
        Beat(0),
    )  # found on Valkey: they replaced it as soon as they were released
    assert story.see(serving, held).orders == (Beat(0), Release())


def test_the_others_of_a_first_install_wait_and_then_follow() -> None:
    story = Story(me=2)
    nodes = [booted(NEVER), booted(NEVER), booted(NEVER)]
    assert story.see(nodes, names(0, 0, 0)).orders == ()
    assert story.see([primary(NEVER), *nodes[1:]], names(0, 0, 0)).orders == (Follow(0),)
    following = replica(0, NEVER, fit=False)
    decision = story.see([primary(NEVER), nodes[1], following], names(0, 0, 0))
    assert (decision.state, decision.orders) == (REPLICA, (SetFit(True),))


def test_a_dead_primary_is_hinted_once_a_second_while_it_is_named() -> None:
    story = Story()
    nodes = [None, replica(0), replica(0)]
    story.see([primary(), *nodes[1:]], names(0, 0, 0))
    decision = story.see(nodes, names(0, 0, 0), refused=True)
    assert decision.state == AWAY
    assert isinstance(decision.orders[0], Hint)
    assert story.see(nodes, names(0, 0, 0), after=0.5, refused=True).orders == ()
    assert story.see(nodes, names(0, 0, 0), after=0.6, refused=True).orders != ()
    assert story.see(nodes, [*names(0, 0), Opinion(0, 1, busy=True)], after=2, refused=True).orders == ()
    assert story.see(nodes, names(1, 1, 1, epoch=2), after=2, refused=True).orders == ()


def test_a_dead_primary_is_hinted_only_when_another_could_take_its_place() -> None:
    """Found when all were killed and one came back at once: hurried by a hint, Sentinel promoted it alone of three."""
    story = Story()
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0))
    for others in ([None, None], [booted(), None], [booted(), booted()]):
        assert story.see([None, *others], names(0, 0, 0), refused=True).orders == ()
    decision = story.see([None, booted(), replica(0)], names(0, 0, 0), refused=True)
    assert [type(order) for order in decision.orders] == [Hint], "and at once when it could"


def test_a_redis_that_has_not_started_yet_is_not_dead() -> None:
    """Found in a first install on a busy machine: the Sentinels' settings were those of a hint."""
    decision = Story().see([None, booted(), booted()], names(0, 0, 0), refused=True)
    assert (decision.state, decision.orders) == (AWAY, ())


def test_a_primary_that_does_not_answer_is_not_proof_of_anything() -> None:
    assert Story().see([None, replica(0), replica(0)], names(0, 0, 0)).orders == ()


def test_a_dead_replica_is_no_reason_for_a_hint() -> None:
    assert Story(me=1).see([primary(), None, replica(0)], names(0, 0, 0), refused=True).orders == ()


@pytest.mark.parametrize("freshness", [OLD, NEW, NEVER])
def test_a_named_node_that_restarted_lets_a_peer_with_data_as_fresh_go_first(freshness: Freshness) -> None:
    story = Story()
    decision = story.see([booted(freshness), replica(0, linked=False), replica(0, linked=False)], names(0, 0, 0))
    assert [type(order) for order in decision.orders] == [Hint]


def test_it_promotes_itself_when_it_alone_has_the_newest_data() -> None:
    story = Story()
    nodes = [booted(NEW), booted(OLD), booted(NEVER)]
    assert story.see(nodes, names(0, 0, 0)).orders == (Hold(),)
    assert story.see(nodes, [Opinion(0, 1, down_after=HOLD_MS)] * 3).orders == (Promote(),)


def test_it_never_promotes_itself_over_a_fresher_peer_that_is_not_fit_yet() -> None:
    story = Story()
    held = [Opinion(0, 1, down_after=HOLD_MS)] * 3
    for _ in range(200):
        assert story.see([booted(OLD), booted(NEW), booted(OLD)], held, after=1).orders == ()


def test_it_waits_for_a_missing_node_but_not_for_ever() -> None:
    story = Story()
    nodes = [booted(NEW), booted(OLD), None]
    decision = story.see(nodes, names(0, 0, 0))
    assert (decision.orders, decision.reason) == ((), "it waits for 1 more, which may hold newer data")
    assert story.see(nodes, names(0, 0, 0), after=LIMITS.patience - 0.5).orders == ()
    assert story.see(nodes, names(0, 0, 0), after=1).orders == (Hold(),)


def test_a_node_that_loads_counts_as_missing() -> None:
    story = Story()
    assert "waits for 1 more" in story.see([booted(NEW), booted(OLD), booted(None)], names(0, 0, 0)).reason
    loading = story.see([booted(None), booted(OLD), booted(OLD)], names(0, 0, 0))
    assert (loading.state, loading.orders) == (WAITING, ())


def test_one_of_three_never_promotes_itself() -> None:
    story = Story()
    held = [Opinion(0, 1, down_after=HOLD_MS)] * 3
    for _ in range(100):
        decision = story.see([booted(NEW), None, None], held, after=10)
        assert (decision.state, decision.orders) == (WAITING, ())
    assert "no majority" in decision.reason


def test_it_does_not_promote_itself_before_the_sentinels_are_held_or_while_they_are_at_work() -> None:
    story = Story()
    nodes = [booted(NEW), booted(OLD), booted(OLD)]
    assert story.see(nodes, [Opinion(0, 1, down_after=HOLD_MS), *names(0, 0)]).orders == (Hold(),)
    busy = [Opinion(0, 1, busy=True, down_after=HOLD_MS)] * 3
    assert story.see(nodes, busy).orders == ()


def test_peers_as_fresh_that_the_sentinels_can_not_choose_do_not_block_it_for_ever() -> None:
    story = Story()
    nodes = [booted(NEW), replica(0, linked=False), replica(0, linked=False)]
    story.see(nodes, names(0, 0, 0))
    assert story.see(nodes, names(0, 0, 0), after=LIMITS.sentinels + 1).orders == (Hold(),)
    fresher = [booted(OLD), *nodes[1:]]
    assert isinstance(Story().see(fresher, names(0, 0, 0)).orders[0], Hint)
    later = story.see(fresher, names(0, 0, 0), after=60)
    assert [type(order) for order in later.orders] == [Hint]  # data is worth more than time


def test_after_a_stop_of_everything_only_the_freshest_lets_itself_be_promoted() -> None:
    nodes = [booted(OLD), booted(NEW), booted(OLD)]
    assert Story(me=1).see(nodes, names(0, 0, 0)).orders == (SetFit(True),)
    assert Story(me=2).see(nodes, names(0, 0, 0)).orders == ()
    nodes[1] = replace(nodes[1], fit=True)
    assert isinstance(Story().see(nodes, names(0, 0, 0)).orders[0], Hint)


def test_among_equals_the_named_node_goes_first_then_the_lowest() -> None:
    nodes = [booted(), booted(), booted()]
    assert Story(me=0).see(nodes, names(1, 1, 1)).orders == ()
    without = [nodes[0], None, nodes[2]]
    story = Story(me=0)
    assert story.see(without, names(1, 1, 1)).orders == ()
    assert story.see(without, names(1, 1, 1), after=LIMITS.patience + 1).orders == (SetFit(True),)
    other = Story(me=2)
    other.see(without, names(1, 1, 1))
    assert other.see(without, names(1, 1, 1), after=LIMITS.patience + 1).orders == ()


def test_a_replica_in_step_stays_fit_when_its_primary_goes() -> None:
    decision = Story(me=1).see([None, replica(0, linked=False), replica(0, linked=False)], names(0, 0, 0))
    assert decision.orders == ()


def test_a_replica_that_lacks_what_a_peer_has_is_not_fit() -> None:
    nodes = [None, replica(0, OLD, linked=False), replica(0, NEW, linked=False)]
    assert Story(me=1).see(nodes, names(0, 0, 0)).orders == (SetFit(False),)
    assert Story(me=2).see(nodes, names(0, 0, 0)).orders == ()


def test_a_replica_cut_off_from_a_living_primary_is_fit_for_two_seconds_more() -> None:
    story = Story(me=1)
    nodes = [primary(), replica(0, linked=False), replica(0)]
    assert story.see(nodes, names(0, 0, 0)).orders == ()
    assert story.see(nodes, names(0, 0, 0), after=LIMITS.cut + 0.5).orders == (SetFit(False),)


def test_a_fit_replica_makes_sentinel_forget_how_long_its_link_has_been_down() -> None:
    """Found when two Sentinels were away for long: no replica was good enough any more."""
    nodes = [booted(OLD), replica(0, linked=False, unlinked_for=9), replica(0, linked=False, unlinked_for=9)]
    assert Story(me=1).see(nodes, names(0, 0, 0)).orders == (Follow(STRANGER),)
    dead = [None, *nodes[1:]]
    assert Story(me=1).see(dead, names(0, 0, 0)).orders == ()


def test_a_primary_steps_down_at_once_for_a_newer_one() -> None:
    story = Story()
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0))
    decision = story.see([primary(), primary(), replica(1)], names(1, 1, 1, epoch=2))
    assert decision.orders == (Follow(1),)


def test_a_primary_stays_while_the_newer_one_is_dead_or_only_named_by_a_minority() -> None:
    story = Story()
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0))
    assert story.see([primary(), None, replica(1)], names(1, 1, 1, epoch=2)).orders == (Beat(1),)
    assert story.see([primary(), primary(), replica(1)], [*names(1), *names(0, 0)]).orders == (Beat(1),)
    assert story.see([primary(), None, None], [*names(0), None, None]).orders == (Beat(1),)


def test_a_primary_just_promoted_stays_though_the_majority_still_names_the_former_one() -> None:
    """Found by freezing a primary and waking it while its successor was not yet named."""
    story = Story(me=1)
    story.see([None, replica(0, linked=False), replica(0)], names(0, 0, 0))
    nodes = [primary(), primary(), replica(1)]
    half = [Opinion(1, 2, busy=True), *names(0, 0)]
    for _ in range(60):
        assert story.see(nodes, half, after=0.1).orders == (Beat(2),)
    assert story.see(nodes, names(1, 1, 1, epoch=2)).orders == (Beat(2),)


def test_a_living_primary_steps_down_for_the_one_that_the_leader_of_a_failover_names() -> None:
    """Found on Valkey: a failover against a living primary; what it took before it was renamed would be lost."""
    leader = [Opinion(1, 2, busy=True), *names(0, 0)]
    assert Story().see([primary(NEW), primary(OLD), replica(0)], leader).orders == (Follow(1),)
    assert Story().see([primary(NEW), None, replica(0)], leader).orders == (Beat(1),)


def test_writes_wait_while_a_failover_against_a_living_primary_is_undecided() -> None:
    """Found by the random schedules: the chosen replica froze, and was promoted when it woke, seconds later."""
    story = Story()
    nodes = [primary(), replica(0), replica(0)]
    begun = [Opinion(0, 1, busy=True, against=0), *names(0, 0)]
    assert story.see(nodes, begun).orders == (Pause(),)
    assert story.see(nodes, names(0, 0, 0)).orders == (Beat(1),)
    ending = [Opinion(0, 2, busy=True, against=1), *names(0, 0, epoch=2)]  # it is the promoted one itself
    assert Story().see(nodes, ending).orders == (Beat(2),)


def test_who_was_promoted_and_named_does_not_step_down_for_the_former_primary() -> None:
    """Found by killing a guardian in the middle of its handover: nobody had made the former primary a replica."""
    story = Story(me=1)
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0))
    story.see([primary(), primary(), replica(0)], [Opinion(0, 1, busy=True), *names(0, 0)])
    ending = [Opinion(1, 2, busy=True), *names(1, 1, epoch=2)]
    assert story.see([primary(), primary(), replica(0)], ending).orders == (Beat(2),)


def test_a_primary_named_again_steps_aside_for_data_of_a_later_one() -> None:
    """Found by the random schedules: cut off, named again while its successor was cut off in turn."""
    later = Freshness(2, 9)
    nodes = [primary(NEW), None, replica(1, later, linked=False)]
    sentinels = [*names(0, 0, epoch=3), None]
    assert Story().see(nodes, sentinels).orders == (Follow(STRANGER),)
    assert Story(me=2).see(nodes, sentinels).orders == ()
    aside = [booted(NEW), None, nodes[2]]
    assert isinstance(Story().see(aside, sentinels).orders[0], Hint)
    ahead = [primary(NEW), replica(0, Freshness(1, 99)), replica(0)]  # read between two heartbeats of ours
    assert Story().see(ahead, names(0, 0, 0)).orders == (Beat(1),)


def test_a_stray_primary_that_no_failover_explains_steps_down_after_a_moment() -> None:
    story = Story(me=1)
    nodes = [primary(), primary(), replica(0)]
    assert story.see(nodes, names(0, 0, 0)).orders == (Beat(1),)
    assert story.see(nodes, names(0, 0, 0), after=LIMITS.odd + 0.1).orders == (Follow(0),)


def test_a_restarted_guardian_beside_a_former_primary_takes_the_same_moment() -> None:
    story = Story()
    nodes = [primary(), primary(), replica(1)]
    assert story.see(nodes, names(1, 1, 1, epoch=5)).orders == (Beat(5),)
    assert story.see(nodes, names(1, 1, 1, epoch=5), after=LIMITS.odd + 0.1).orders == (Follow(1),)


def test_a_replica_follows_the_promoted_node_before_it_is_named() -> None:
    nodes = [None, primary(), replica(0, linked=False)]
    decision = Story(me=2).see(nodes, [Opinion(0, 1, busy=True), *names(0, 0)])
    assert (decision.state, decision.orders) == (JOINING, (Follow(1),))


def test_but_not_one_that_lacks_what_it_has_itself() -> None:
    nodes = [None, primary(OLD), replica(0, NEW, linked=False)]
    decision = Story(me=2).see(nodes, [Opinion(0, 1, busy=True), *names(0, 0)])
    assert Follow(1) not in decision.orders


def test_and_not_a_primary_that_no_failover_explains() -> None:
    nodes = [None, primary(), replica(0, linked=False)]
    assert Story(me=2).see(nodes, names(0, 0, 0)).orders == ()


def test_nothing_is_touched_while_a_failover_is_under_way_until_it_has_taken_too_long() -> None:
    story = Story(me=2)
    nodes = [primary(), primary(), replica(1, linked=True)]
    moving = [Opinion(0, 1, busy=True), *names(0, 0)]
    assert story.see(nodes, moving).orders == ()
    assert story.see(nodes, moving, after=LIMITS.moving + 1).orders == (Follow(0),)


def test_without_a_majority_or_with_a_stranger_named_a_replica_waits() -> None:
    nodes = [primary(), booted(), booted()]
    assert Story(me=1).see(nodes, [*names(0), None, None]).reason.startswith("1 of 3 Sentinels answer")
    decision = Story(me=1).see(nodes, names(STRANGER, STRANGER, 0))
    assert (decision.state, decision.orders) == (WAITING, ())
    assert "none of the nodes'" in decision.reason
    assert Story(me=0).see(nodes, names(STRANGER, STRANGER, 0)).orders == (Beat(1),)


def test_without_a_majority_of_sentinels_a_replica_that_is_cut_off_is_fit_for_two_seconds_more() -> None:
    """Found by the random schedules: it came back fit, in the moment in which both others were frozen."""
    for nodes in ([None, replica(0, linked=False), None], [primary(), replica(0, linked=False), replica(0)]):
        story = Story(me=1)
        assert story.see(nodes, [None, *names(0), None]).orders == ()
        assert story.see(nodes, [None, *names(0), None], after=LIMITS.cut + 0.5).orders == (SetFit(False),)


def test_without_a_majority_of_sentinels_a_replica_in_step_with_the_others_stays_fit() -> None:
    bereft = [None, replica(0, linked=False), replica(0, linked=False)]
    for nodes in (bereft, [primary(), replica(0), replica(0)]):
        story = Story(me=1)
        story.see(nodes, [None, *names(0), None])
        assert story.see(nodes, [None, *names(0), None], after=99).orders == ()


def test_who_restarted_and_was_promoted_between_two_looks_steps_aside() -> None:
    """Found by killing all three: a Sentinel reached the new process with the priority that it knew of the old one."""
    story = Story(me=0)
    story.see([replica(2), replica(2), primary()], names(2, 2, 2))
    nodes = [primary(run="b"), None, None]
    assert story.see(nodes, names(2, 2, 2)).orders == (Follow(STRANGER),)
    assert Story(me=0).see(nodes, names(2, 2, 2)).orders == (Beat(1),)  # a guardian that is new itself can't tell


def test_who_was_promoted_without_being_fit_takes_it_back_until_it_is_a_replica() -> None:
    """Found by killing all three: the first that was back was promoted by the priority of its former life."""
    story = Story(me=0)
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0))
    story.see([booted(run="b"), None, None], names(0, 0, 0))
    promoted = [primary(run="b"), None, None]
    for _ in range(2):
        assert story.see(promoted, names(0, 0, 0)).orders == (Follow(STRANGER),)
    assert story.see([primary(None, run="b"), None, None], names(0, 0, 0)).orders == (Follow(STRANGER),)
    assert story.see([booted(run="b"), None, None], names(0, 0, 0)).orders == ()


def test_who_was_told_a_moment_ago_that_it_is_fit_keeps_its_promotion_and_who_no_longer_is_does_not() -> None:
    cut_off = [replica(2), replica(2), primary()], names(2, 2, 2)
    promoted = [primary(), replica(2, linked=False), None], names(2, 2, 2)
    story = Story()
    assert SetFit(True) in story.see([replica(2, fit=False), *cut_off[0][1:]], cut_off[1]).orders
    assert not any(isinstance(order, Follow) for order in story.see(*promoted).orders)
    story = Story()
    story.see([replica(2, linked=False), *cut_off[0][1:]], cut_off[1])
    later = story.see([replica(2, linked=False), *cut_off[0][1:]], cut_off[1], after=LIMITS.cut + 0.1)
    assert SetFit(False) in later.orders
    assert story.see(*promoted).orders == (Follow(STRANGER),)


def test_among_nodes_with_the_same_heartbeat_the_mark_of_the_durable_writes_decides() -> None:
    """Found by a stop of everything in which the nodes did not die in the same moment."""
    less, more = Freshness(1, 8, mark=40), Freshness(1, 8, mark=41)
    nodes = [booted(less), booted(NEVER), booted(more)]
    assert Story(me=0).see(nodes, names(1, 1, 1)).orders == ()
    assert Story(me=2).see(nodes, names(1, 1, 1)).orders == (SetFit(True),)
    assert Freshness(1, 9, mark=1).rank > more.rank


def test_a_primary_that_can_not_save_hands_over_to_one_that_can() -> None:
    story = Story()
    ill = primary(ailing="the append-only file can't be written")
    nodes = [ill, replica(0, ailing="the same"), replica(0)]
    assert story.see(nodes, names(0, 0, 0)).orders == (Beat(1),)
    orders = story.see(nodes, names(0, 0, 0), after=LIMITS.ailing + 0.1).orders
    assert orders == (Beat(1), HandOver(2, "it can't save (the append-only file can't be written)"))
    assert story.see(nodes, names(0, 0, 0), after=1).orders == (Beat(1),)
    assert len(story.see(nodes, names(0, 0, 0), after=LIMITS.respite).orders) == 2
    alone = [ill, replica(0, fit=False), None]
    assert Story().see(alone, names(0, 0, 0), after=99).orders == (Beat(1),)


def test_a_restart_forgets_what_the_former_life_was_worth() -> None:
    story = Story()
    story.see([primary(), replica(0), replica(0)], names(0, 0, 0, epoch=4))
    assert story.memory.rank == 4
    story.see([booted(run="b"), replica(0), replica(0)], names(0, 0, 0, epoch=4))
    assert (story.memory.rank, story.memory.was_primary) == (-1, False)
