"""A model of three nodes (Redis, Sentinel, guardian each) for property tests: real decisions, the rest simulated.

It keeps what matters of the real ones: a Redis boots from its disk as a replica of nowhere; a replica that gets a link
takes over its primary's whole data; a primary takes writes only while a replica is in reach; Sentinels vote once per
epoch, choose among the fit by the offset of their last INFO, confirm a promotion by INFO, and spread configurations by
epoch; what is sent to a frozen process is carried out when it thaws. Time goes in ticks of 0.1 s.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from app.guardian.decide import decide
from app.guardian.facts import (
    NEVER,
    STRANGER,
    Beat,
    Follow,
    Freshness,
    Hint,
    Hold,
    Look,
    Opinion,
    Pause,
    Promote,
    Release,
    Seen,
    SetFit,
)
from app.guardian.memory import HOLD_MS, Memory

TICK = 0.1
SIZE = 3
MAJORITY = 2
DOWN_AFTER = 0.6
INFO = 0.5
MAX_LAG = 2.0
FAILOVER_TIMEOUT = 5.0
HINT = 0.4
PAUSE = 0.5
LEFT_OVER = 3.0
NOBODY = (-1, "")


@dataclass
class Redis:
    """One Redis; ``data`` and ``freshness`` are on its disk as well."""

    up: bool = False
    frozen: bool = False
    loading: float = 0.0
    primary: bool = False
    follows: int = STRANGER
    linked: bool = False
    fit: bool = False
    run: int = 0
    offset: int = 0
    data: set[int] = field(default_factory=set)
    freshness: Freshness = NEVER
    heard: dict[int, float] = field(default_factory=dict)  # as a primary: when each replica was last in reach
    paused: float = 0.0  # as a primary: until then, writes wait
    beating: bool = False  # as a primary: its guardian has written a heartbeat
    pending: list[tuple[str, int]] = field(default_factory=list)  # commands that wait until it thaws

    @property
    def answers(self) -> bool:
        return self.up and not self.frozen


@dataclass
class Failover:
    """One under way at its leader."""

    epoch: int
    stage: str = "select"
    target: int = STRANGER
    until: float = 0.0


@dataclass
class Sentinel:
    """One Sentinel; name, epoch and votes are on its disk."""

    up: bool = True
    name: int = 0
    epoch: int = 0
    current: int = 0
    voted: int = 0
    heard: dict[int, float] = field(default_factory=dict)
    info: dict[int, tuple[float, Seen]] = field(default_factory=dict)
    odd: dict[int, float] = field(default_factory=dict)  # since when a node's role is not what it should be
    down: bool = False
    failover: Failover | None = None
    blocked: float = 0.0
    down_after: float = DOWN_AFTER
    changed: float = 0.0
    hinted: bool = False


@dataclass
class Guardian:
    """One guardian; ``delay`` is how many ticks old its looks are when it acts on them."""

    up: bool = True
    memory: Memory = field(default_factory=Memory)
    delay: int = 0
    looks: list[Look] = field(default_factory=list)


class World:
    """Everything, and what was acknowledged.

    Args:
        seed: of what is left to chance (replication lag, order of turns).
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - chance, not a secret
        self.now = 0.0
        self.redis = [Redis() for _ in range(SIZE)]
        self.sentinels = [Sentinel() for _ in range(SIZE)]
        self.guardians = [Guardian() for _ in range(SIZE)]
        self.group = [0] * SIZE
        self.acknowledged: set[int] = set()
        self.next_write = 0
        self.wrongs: list[str] = []
        self.log: list[str] = []
        for place in range(SIZE):
            self.start(place)

    # what happens to it

    def start(self, place: int, *, emptied: bool = False, loading: float = 0.0) -> None:
        """Start a Redis that is down: from its disk, harmless."""
        old = self.redis[place]
        if old.up:
            return
        self.note(f"redis {place} starts{' empty' if emptied else ''}")
        self.redis[place] = Redis(
            up=True,
            loading=self.now + loading,
            run=old.run + 1,
            data=set() if emptied else set(old.data),
            freshness=NEVER if emptied else old.freshness,
        )

    def kill(self, place: int) -> None:
        node = self.redis[place]
        self.note(f"redis {place} dies")
        node.up = node.frozen = False
        node.pending.clear()

    def freeze(self, place: int) -> None:
        if self.redis[place].up:
            self.note(f"redis {place} freezes")
            self.redis[place].frozen = True

    def thaw(self, place: int) -> None:
        node = self.redis[place]
        if node.frozen:
            self.note(f"redis {place} thaws")
            node.frozen = False
            for what, whom in node.pending:
                self.command(place, what, whom)
            node.pending.clear()

    def note(self, text: str) -> None:
        self.log.append(f"{self.now:7.1f} {text}")

    def reach(self, one: int, other: int) -> bool:
        return self.group[one] == self.group[other]

    def command(self, place: int, what: str, whom: int = STRANGER) -> None:
        """A role command reaches a Redis; a frozen one carries it out later."""
        node = self.redis[place]
        if not node.up or node.loading > self.now:
            return
        if node.frozen:
            node.pending.append((what, whom))
        elif what == "promote" and not node.primary:
            self.note(f"redis {place} becomes primary")
            self._check_promotion(place)
            node.primary, node.follows, node.linked = True, STRANGER, False
            node.heard, node.beating = {}, False
        elif what == "follow" and whom != place and (node.primary or node.follows != whom):
            self.note(f"redis {place} follows {whom}")
            node.paused = 0.0
            node.primary, node.follows, node.linked = False, whom, False

    def _check_promotion(self, place: int) -> None:
        """None may be promoted that lacks an acknowledged write while a node in reach has it."""
        node = self.redis[place]
        for write in self.acknowledged - node.data:
            holders = [
                other
                for other, each in enumerate(self.redis)
                if each.answers and each.loading <= self.now and self.reach(place, other) and write in each.data
            ]
            if holders:
                self.wrongs.append(
                    f"{self.now:.1f}: redis {place} was promoted without write {write}, {holders} have it"
                )

    # what goes on by itself

    def run(self, seconds: float) -> None:
        for _ in range(max(1, round(seconds / TICK))):
            self.tick()

    def tick(self) -> None:
        self.now = round(self.now + TICK, 1)
        self._replicate()
        for place in self.random.sample(range(SIZE), SIZE):
            if self.sentinels[place].up:
                self._watch(place)
        for place in self.random.sample(range(SIZE), SIZE):
            if self.guardians[place].up:
                self._guard(place)
        # Who has lost its replicas goes on for max-lag; nobody but one may take writes that a replica acknowledges.
        served = [
            place for place in range(SIZE) if self.writable(place) and self.now in self.redis[place].heard.values()
        ]
        if len(served) > 1:
            self.wrongs.append(f"{self.now:.1f}: {served} all take writes, past max-lag")

    def writable(self, place: int) -> bool:
        """Whether it takes writes from clients: min-replicas-to-write 1."""
        node = self.redis[place]
        return node.answers and node.primary and any(self.now - at <= MAX_LAG for at in node.heard.values())

    def _replicate(self) -> None:
        for place, node in enumerate(self.redis):
            if not node.answers or node.primary or node.loading > self.now:
                continue
            source = self.redis[node.follows] if node.follows != STRANGER else None
            alive = source is not None and source.answers and self.reach(place, node.follows)
            if source is None or not alive or not (source.primary or source.linked):
                node.linked = False
                if source is not None and self.reach(place, node.follows):
                    source.heard.pop(place, None)  # its connection is closed, and it knows
                continue
            copied, node.linked = not node.linked, True  # a link is up once the copy is complete
            if source.primary:
                source.heard[place] = self.now
            if copied or self.random.random() < 0.8:
                self._copy(source, node)
        for place, node in enumerate(self.redis):  # who follows another now has closed its former connection
            for replica in list(node.heard):
                if self.redis[replica].follows != place and self.reach(place, replica):
                    del node.heard[replica]

    @staticmethod
    def _copy(source: Redis, node: Redis) -> None:
        node.data, node.freshness, node.offset = set(source.data), source.freshness, source.offset

    def write(self) -> None:
        """A client writes durably: acknowledged once a replica has it.

        Two things are not held against anybody (docs/decisions/0004, "What is left"): what a new primary takes before
        its guardian's first heartbeat, as until then its data can't be told from the former primary's; and what a
        primary takes that is being replaced while it lives, if its guardian is too slow to let writes wait.
        """
        for place, node in enumerate(self.redis):
            if not self.writable(place) or self.now < node.paused:
                continue
            write = self.next_write
            self.next_write += 1
            node.data.add(write)
            node.freshness = node.freshness._replace(mark=node.freshness.mark + 1)
            node.offset += 1
            for replica, each in enumerate(self.redis):
                linked = each.linked and each.answers and each.follows == place and self.reach(place, replica)
                if linked and self.random.random() < 0.7:
                    self._copy(node, each)
                    guardian = self.guardians[place]
                    replaced = any(each.failover and each.name == place for each in self.sentinels)
                    if node.beating and not (replaced and (not guardian.up or guardian.delay)):
                        self.acknowledged.add(write)
            return

    def _seen(self, place: int) -> Seen:
        node = self.redis[place]
        return Seen(
            primary=node.primary,
            follows=node.follows,
            linked=node.linked,
            freshness=None if node.loading > self.now else node.freshness,
            fit=node.primary or node.fit,
            run=str(node.run),
            offset=node.offset,
        )

    # the Sentinels

    def _watch(self, place: int) -> None:
        me = self.sentinels[place]
        down_after, info_period = (TICK, 0.0) if me.hinted else (me.down_after, INFO)
        if me.hinted and (me.failover or self.now - me.changed > HINT):
            me.hinted = False
        for node in range(SIZE):
            if self.redis[node].answers and self.reach(place, node):
                me.heard[node] = self.now
                if self.now - me.info.get(node, (-9.0, None))[0] >= info_period:
                    me.info[node] = (self.now, self._seen(node))
        self._judge(place, down_after, info_period)
        if me.failover is not None:
            self._advance(place, me.failover)
        for other, each in enumerate(self.sentinels):  # hello messages
            if each.up and self.reach(place, other) and each.epoch < me.epoch and self.random.random() < 0.5:
                self.note(f"sentinel {other} learns that {me.name} is primary, epoch {me.epoch}")
                each.name, each.epoch, each.current = me.name, me.epoch, max(each.current, me.epoch)
                each.failover, each.down = None, False
        self._convert(place)

    def _judge(self, place: int, down_after: float, info_period: float) -> None:
        me = self.sentinels[place]
        told = me.info.get(me.name)
        wrong_role = told is not None and not told[1].primary
        since = me.odd.setdefault(me.name, self.now) if wrong_role else None
        if since is None:
            me.odd.pop(me.name, None)
        silent = self.now - me.heard.get(me.name, self.now) > down_after
        me.heard.setdefault(me.name, self.now)
        me.down = silent or (since is not None and self.now - since > down_after + 2 * info_period)
        if not me.down or me.failover is not None or self.now < me.blocked:
            return
        agreeing = [
            each
            for other, each in enumerate(self.sentinels)
            if each.up and self.reach(place, other) and each.down and each.name == me.name
        ]
        if len(agreeing) < MAJORITY:
            return
        me.current += 1
        votes = 0
        for other, each in enumerate(self.sentinels):
            if each.up and self.reach(place, other) and each.voted < me.current:
                each.voted = each.current = me.current
                each.blocked = self.now + 2 * FAILOVER_TIMEOUT
                votes += 1
        self.note(f"sentinel {place} gets {votes} votes for epoch {me.current}")
        me.blocked = self.now + 2 * FAILOVER_TIMEOUT
        if votes >= MAJORITY:
            me.failover = Failover(me.current)

    def _advance(self, place: int, failover: Failover) -> None:
        me = self.sentinels[place]
        match failover.stage:
            case "select":
                fit = [
                    (0 if told.primary else told.offset, -node, node)
                    for node, (at, told) in me.info.items()
                    if node != me.name and self.now - at <= 1.5 and self.now - me.heard[node] <= 1.5 and told.fit
                ]
                if not fit:
                    self.note(f"sentinel {place}: no good replica")
                    me.failover = None
                    return
                failover.target, failover.stage = max(fit)[2], "promote"
            case "promote":
                if self.reach(place, failover.target):
                    self.command(failover.target, "promote")
                failover.stage, failover.until = "confirm", self.now + FAILOVER_TIMEOUT
            case "confirm":
                told = me.info.get(failover.target)
                if told is not None and told[1].primary:
                    self.note(f"sentinel {place} switches to {failover.target}, epoch {failover.epoch}")
                    me.name, me.epoch, me.failover = failover.target, failover.epoch, None
                    for node in range(SIZE):
                        if node != me.name and self.reach(place, node) and not self.redis[node].primary:
                            self.command(node, "follow", me.name)
                elif self.now > failover.until:
                    self.note(f"sentinel {place} gives up")
                    me.failover = None

    def _convert(self, place: int) -> None:
        """A stray primary becomes a replica of the named one if that is sane."""
        me = self.sentinels[place]
        told = me.info.get(me.name)
        sane = told is not None and told[1].primary and not me.down and self.now - told[0] < 2 * INFO + TICK
        for node, (at, seen) in me.info.items():
            if node == me.name:
                continue
            if not seen.primary or me.failover is not None or self.now - at > INFO + TICK:
                me.odd.pop(node, None)
            elif self.now - me.odd.setdefault(node, self.now) > 2.0 and sane and self.reach(place, node):
                self.command(node, "follow", me.name)

    # the guardians

    def look(self, place: int) -> Look:
        own = self.redis[place]
        return Look(
            now=self.now,
            me=place,
            nodes=tuple(
                self._seen(node) if self.redis[node].answers and self.reach(place, node) else None
                for node in range(SIZE)
            ),
            sentinels=tuple(
                Opinion(
                    each.name,
                    each.epoch,
                    each.down,
                    each.failover is not None,
                    each.name if each.failover is not None else STRANGER,
                    HOLD_MS if each.down_after > DOWN_AFTER else int(DOWN_AFTER * 1000),
                    each.name in each.info and each.info[each.name][1].primary,
                )
                if each.up and self.reach(place, node)
                else None
                for node, each in enumerate(self.sentinels)
            ),
            refused=not own.up,
        )

    def _guard(self, place: int) -> None:
        guardian, own = self.guardians[place], self.redis[place]
        guardian.looks.append(self.look(place))
        if len(guardian.looks) <= guardian.delay:
            return
        look = guardian.looks.pop(0)
        guardian.memory, decision = decide(guardian.memory, look)
        for order in decision.orders:
            match order:
                case Follow(node=node):
                    self.command(place, "follow", node)
                case Promote():
                    self.command(place, "promote")
                case SetFit(fit=fit) if own.answers:
                    own.fit = fit
                case Beat(epoch=epoch) if self.writable(place):
                    old = own.freshness
                    own.freshness = Freshness(max(epoch, old.epoch), old.sequence + 1, 0, old.mark)
                    own.offset += 1
                    own.beating = True
                case Pause() if own.answers:
                    own.paused = self.now + PAUSE
                case Hint() | Hold() | Release():
                    self._tell(place, order)
        mine = self.sentinels[place]
        if mine.down_after > DOWN_AFTER and self.now - mine.changed > LEFT_OVER:
            mine.down_after = DOWN_AFTER

    def _tell(self, place: int, order: Hint | Hold | Release) -> None:
        self.note(f"guardian {place}: {order}")
        for other, each in enumerate(self.sentinels):
            if each.up and self.reach(place, other):
                each.changed = self.now
                if isinstance(order, Hint):
                    each.hinted, each.down_after = True, DOWN_AFTER
                else:
                    each.down_after = HOLD_MS / 1000 if isinstance(order, Hold) else DOWN_AFTER

    # is all well

    def heal(self) -> None:
        """Everything is up and in reach again."""
        self.note("all is healed")
        self.group = [0] * SIZE
        for place in range(SIZE):
            self.thaw(place)
            self.start(place)
            self.sentinels[place].up = True
            self.guardians[place].up = True
            self.guardians[place].delay = 0
            self.guardians[place].looks.clear()

    @property
    def primary(self) -> int | None:
        """The one that all Sentinels name, that takes writes, and that all others follow."""
        named = {each.name for each in self.sentinels}
        if len(named) != 1:
            return None
        place = named.pop()
        others = [node for other, node in enumerate(self.redis) if other != place]
        healthy = self.writable(place) and all(node.linked and node.follows == place and node.fit for node in others)
        return place if healthy else None
