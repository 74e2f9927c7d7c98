"""Random schedules of faults over the model: what must never happen, and that a healed cluster always serves again."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.guardian.memory import Memory
from tests.unit.guardian.model import SIZE, World

PLACES = st.integers(0, SIZE - 1)
SECONDS = st.sampled_from([0.1, 0.1, 0.3, 0.6, 1.0, 3.0, 12.0])
BACK = (
    90  # seconds: two failed attempts of Sentinel, each of which blocks the next for ten, and the guardians' patience
)


def healthy(world: World) -> bool:
    """Heal everything and wait."""
    world.heal()
    for _ in range(BACK):
        world.run(1)
        if world.primary is not None:
            return True
    return False


class AnythingGoes(RuleBasedStateMachine):
    """Any fault at any moment, several at a time, guardians that act on what they saw a second ago."""

    @initialize(seed=st.integers(0, 1 << 16))
    def begin(self, seed: int) -> None:
        self.world = World(seed)
        self.world.run(5)
        assert self.world.primary == 0, "a first install makes the first node primary"

    @rule(place=PLACES, seconds=SECONDS)
    def kill(self, place: int, seconds: float) -> None:
        self.world.kill(place)
        self.world.run(seconds)

    @rule(place=PLACES, loading=st.sampled_from([0.0, 0.0, 2.0]), seconds=SECONDS)
    def start(self, place: int, loading: float, seconds: float) -> None:
        self.world.start(place, loading=loading)
        self.world.run(seconds)

    @rule(place=PLACES, seconds=SECONDS)
    def start_with_an_empty_disk(self, place: int, seconds: float) -> None:
        self.world.start(place, emptied=True)
        self.world.run(seconds)

    @rule(place=PLACES, seconds=SECONDS)
    def freeze(self, place: int, seconds: float) -> None:
        self.world.freeze(place)
        self.world.run(seconds)

    @rule(place=PLACES, seconds=SECONDS)
    def thaw(self, place: int, seconds: float) -> None:
        self.world.thaw(place)
        self.world.run(seconds)

    @rule(place=PLACES, up=st.booleans(), seconds=SECONDS)
    def sentinel(self, place: int, up: bool, seconds: float) -> None:  # noqa: FBT001 - hypothesis draws it
        self.world.note(f"sentinel {place} {'starts' if up else 'dies'}")
        self.world.sentinels[place].up = up
        self.world.sentinels[place].failover = None
        self.world.run(seconds)

    @rule(place=PLACES, up=st.booleans(), delay=st.sampled_from([0, 0, 1, 3, 8]), seconds=SECONDS)
    def guardian(self, place: int, up: bool, delay: int, seconds: float) -> None:  # noqa: FBT001
        guardian = self.world.guardians[place]
        if not up:
            guardian.memory = Memory()
        guardian.up, guardian.delay = up, delay
        guardian.looks.clear()
        self.world.run(seconds)

    @rule(place=PLACES, seconds=SECONDS)
    def cut_off(self, place: int, seconds: float) -> None:
        self.world.note(f"node {place} is cut off")
        self.world.group = [int(other == place) for other in range(SIZE)]
        self.world.run(seconds)

    @rule(seconds=SECONDS)
    def join(self, seconds: float) -> None:
        self.world.note("the network is whole")
        self.world.group = [0] * SIZE
        self.world.run(seconds)

    @rule(count=st.integers(1, 5))
    def write(self, count: int) -> None:
        for _ in range(count):
            self.world.write()
            self.world.run(0.1)

    @invariant()
    def nothing_wrong(self) -> None:
        world = getattr(self, "world", None)
        assert not (world and world.wrongs), "\n".join([*world.wrongs, *world.log[-40:]])

    def teardown(self) -> None:
        world = getattr(self, "world", None)
        if world is None or world.wrongs:
            return
        assert healthy(world), "\n".join(["it does not serve again", *world.log[-60:]])
        assert not world.wrongs, "\n".join([*world.wrongs, *world.log[-40:]])


class OneAfterAnother(RuleBasedStateMachine):
    """One fault at a time, each survived before the next: then no acknowledged write is ever lost."""

    @initialize(seed=st.integers(0, 1 << 16))
    def begin(self, seed: int) -> None:
        self.world = World(seed)
        self.world.run(5)

    def write_and_run(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.1)):
            self.world.write()
            self.world.run(0.1)

    @rule(place=PLACES, back=st.sampled_from([0.1, 0.2, 0.3, 0.6, 2.0, 9.0]), emptied=st.booleans())
    def dies_and_comes_back(self, place: int, back: float, emptied: bool) -> None:  # noqa: FBT001
        self.write_and_run(1)
        self.world.kill(place)
        self.write_and_run(back)
        self.world.start(place, emptied=emptied)
        self.survived()

    @rule(place=PLACES, back=st.sampled_from([0.3, 0.8, 1.2, 3.0, 9.0]))
    def freezes(self, place: int, back: float) -> None:
        self.write_and_run(1)
        self.world.freeze(place)
        self.write_and_run(back)
        self.world.thaw(place)
        self.survived()

    @rule(place=PLACES, back=st.sampled_from([0.3, 0.8, 1.2, 3.0, 9.0]))
    def is_cut_off(self, place: int, back: float) -> None:
        self.write_and_run(1)
        self.world.group = [int(other == place) for other in range(SIZE)]
        self.write_and_run(back)
        self.survived()

    @rule(
        order=st.permutations(range(SIZE)),
        gap=st.sampled_from([0.0, 0.3, 1.0, 4.0]),
        emptied=st.none() | PLACES,
    )
    def everything_stops(self, order: list[int], gap: float, emptied: int | None) -> None:
        self.write_and_run(3)  # so that heartbeats tell an emptied disk from a full one
        for place in range(SIZE):
            self.world.kill(place)
            self.world.sentinels[place].up = False
        self.world.run(1)
        for place in order:
            self.world.sentinels[place].up = True
            self.world.start(place, emptied=place == emptied)
            self.world.run(gap)
        self.survived()

    @rule(place=PLACES, delay=st.sampled_from([1, 3, 8]))
    def guardian_is_slow(self, place: int, delay: int) -> None:
        self.world.guardians[place].delay = delay

    def survived(self) -> None:
        world = self.world
        assert healthy(world), "\n".join(["it does not serve again", *world.log[-60:]])
        assert not world.wrongs, "\n".join([*world.wrongs, *world.log[-40:]])
        place = world.primary
        assert place is not None
        lost = world.acknowledged - world.redis[place].data
        assert not lost, "\n".join([f"lost: {sorted(lost)}", *world.log[-60:]])


TIMES = int(os.environ.get("HAVEN_SCHEDULES", "1"))
"""How many times as many schedules as usual: more of them in CI."""
EXPLORE = "HAVEN_EXPLORE" in os.environ
"""By hand: other schedules at each run, instead of the same ones."""
COMMON = settings(
    deadline=None,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
    derandomize=not EXPLORE,
    database=None,
)
AnythingGoes.TestCase.settings = settings(COMMON, max_examples=200 * TIMES)
OneAfterAnother.TestCase.settings = settings(COMMON, max_examples=100 * TIMES, stateful_step_count=8)
TestAnythingGoes = AnythingGoes.TestCase
TestOneAfterAnother = OneAfterAnother.TestCase
