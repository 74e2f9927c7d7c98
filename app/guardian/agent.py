"""The loop: look at everything, decide, carry out; a few times a second, and at once when a connection ends."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import hiredis
import structlog

from app.guardian import sentinel
from app.guardian.accounts import Accounts
from app.guardian.caretaker import Caretaker
from app.guardian.certificates import Certificates
from app.guardian.decide import decide
from app.guardian.election import Elections
from app.guardian.facts import AWAY, SETTLED, Decision, HandOver, Hint, Hold, Look, Order, Release
from app.guardian.handover import Handover
from app.guardian.hands import Hands
from app.guardian.memory import HOLD_MS, Limits, Memory
from app.guardian.outcome import REFUSED, Outcome
from app.guardian.peers import RedisPeer, SentinelPeer
from app.guardian.status import Board
from app.guardian.verdict import judge
from app.guardian.wire import Away

if TYPE_CHECKING:
    from app.guardian.settings import Settings
    from app.guardian.verdict import Verdict

    Peer = RedisPeer | SentinelPeer

log = structlog.get_logger(__name__)
T = TypeVar("T")

CALM: Final = 0.25
BUSY: Final = 0.04
LOOK: Final = 0.3
FINISH: Final = 8.0
_CARE: Final = 1.0
_AFTER_FAILURE: Final = 1.0


class Agent:
    """The guardian of one node.

    Args:
        settings: what it is told.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.board = Board(settings)
        self._wake = asyncio.Event()
        places = range(len(settings.names))
        self._nodes = [RedisPeer(settings, place, self._wake.set) for place in places]
        self._sentinels = [SentinelPeer(settings, place, self._wake.set) for place in places]
        self._asking: dict[Peer, asyncio.Task[Any]] = {}
        self._silent: set[Peer] = set()
        self._hands = Hands(settings, self._nodes[settings.me].link, self.board)
        self._caretaker = Caretaker(settings, self._sentinels[settings.me])
        self._elections = Elections(settings, self._sentinels[settings.me])
        self._certificates = (
            Certificates(settings, settings.tls, self._nodes[settings.me], self._sentinels, self.board)
            if settings.tls and settings.tls.cert
            else None
        )
        own = (self._nodes[settings.me], self._sentinels[settings.me])
        self._accounts = Accounts(settings, *(peer.link.door for peer in own)) if settings.users else None
        self._limits = Limits(patience=settings.patience)
        self._memory = Memory()
        self._decision = Decision(AWAY, "not looked yet")
        self._hinting: asyncio.Task[None] | None = None
        self._electing: asyncio.Task[None] | None = None
        self._handing: asyncio.Task[Outcome] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._next_care = 0.0

    async def run(self) -> None:
        """Go on for ever: whatever went wrong, the next turn looks afresh."""
        if self._certificates is not None:
            self._background(self._certificates.run())
        if self._accounts is not None:
            self._background(self._accounts.run())
        while True:
            self._wake.clear()
            try:
                await self._turn()
            except Exception:  # a guardian that ends guards nothing
                log.exception("guardian.turn_failed")
                await asyncio.sleep(_AFTER_FAILURE)
            with suppress(TimeoutError):
                async with asyncio.timeout(CALM if self._calm else BUSY):
                    await self._wake.wait()
                await asyncio.sleep(BUSY / 10)  # a server that refuses at once would otherwise be asked without rest

    @property
    def _calm(self) -> bool:
        return self._decision.state in SETTLED and not self.board.troubled

    async def hand_over(self, to: str | None = None) -> Outcome:
        """Give this primary's role to a replica; one at a time.

        Args:
            to: the name of the node; None for the fittest.
        """
        if self._handing is not None and not self._handing.done():
            return Outcome(REFUSED, "a handover is under way already", self.settings.name)
        handover = Handover(self.settings, self._nodes, self._sentinels, self.look)
        self._handing = asyncio.create_task(handover.run(to))
        outcome = await asyncio.shield(self._handing)
        self.board.handed_over(outcome)
        self._wake.set()
        return outcome

    async def finish(self) -> None:
        """Bring what must not be left half done to its end: a handover, a hint, an election."""
        begun = (self._handing, self._hinting, self._electing)
        pending = [task for task in begun if task is not None and not task.done()]
        if pending:
            await asyncio.wait(pending, timeout=FINISH)

    async def look(self) -> Look:
        """Observe everything now. One that did not answer the last time is not waited for."""
        peers: list[Peer] = [*self._nodes, *self._sentinels]
        for peer in peers:
            if peer not in self._asking:
                self._asking[peer] = asyncio.create_task(self._ask(peer))
        tasks = [self._asking[peer] for peer in peers]
        prompt = [task for peer, task in zip(peers, tasks, strict=True) if peer not in self._silent]
        if prompt:
            await asyncio.wait(prompt, timeout=LOOK)
        else:
            await asyncio.sleep(BUSY)
        refused = False
        answers: list[Any] = []
        for peer, task in zip(peers, tasks, strict=True):
            answer: Any = None
            if task.done():
                self._asking.pop(peer, None)
                answer = task.result()
            else:
                self._silent.add(peer)
            if isinstance(answer, Away):
                refused = refused or (peer is self._nodes[self.settings.me] and answer.refused)
                answer = None
            answers.append(answer)
        size = len(self._nodes)
        return Look(time.monotonic(), self.settings.me, tuple(answers[:size]), tuple(answers[size:]), refused)

    async def _ask(self, peer: Peer) -> Any:
        """What it says, or why it says nothing; an answer after silence wakes the loop, for it is news."""
        try:
            answer = await peer.look(LOOK * 3)
        except Away as error:
            if not error.refused:
                self._silent.add(peer)
            return error
        except Exception as error:  # one that answers nonsense must not stop the others' part in the turn
            log.exception("guardian.strange_answer", host=peer.link.door.host, port=peer.link.door.port)
            self._silent.add(peer)
            peer.link.close()
            await asyncio.sleep(_AFTER_FAILURE)
            return Away(str(error))
        if peer in self._silent:
            self._silent.discard(peer)
            self._wake.set()
        return answer

    async def _turn(self) -> None:
        look = await self.look()
        verdict = judge(look, HOLD_MS)
        if self._handing is not None and not self._handing.done():
            self.board.show(look, verdict, self._decision, self._memory)
            return
        before = self._decision
        self._memory, self._decision = decide(self._memory, look, self._limits)
        decision = self._decision
        if (decision.state, decision.reason) != (before.state, before.reason):
            level = log.info if decision.state in SETTLED else log.warning
            level("guardian.state", state=decision.state, reason=decision.reason, epoch=verdict.epoch)
        self.board.show(look, verdict, decision, self._memory)
        for order in decision.orders:
            try:
                await self._carry_out(order)
            except Away as error:
                log.warning("guardian.order_failed", order=type(order).__name__, error=str(error))
            except hiredis.ReplyError as error:
                log.warning("guardian.order_refused", order=type(order).__name__, error=str(error))
        if self._electing is None or self._electing.done():
            await self._care(look, verdict)

    async def _care(self, look: Look, verdict: Verdict) -> None:
        """See to this node's Sentinel, unless its settings are others on purpose."""
        await self._caretaker.end_stray_hint(look)
        if self._elections.due(look, verdict):
            self._electing = self._background(self._elections.begin_again())
        elif look.now >= self._next_care and self._sentinels[self.settings.me].link.is_open:
            self._next_care = look.now + _CARE
            await self._caretaker.turn(verdict.named)
            await self._caretaker.end_spin(look)

    async def _carry_out(self, order: Order) -> None:
        match order:
            case Hint(reason=reason):
                self._begin_hint(reason)
            case Hold():
                await sentinel.hold(self._sentinels, self.settings)
            case Release():
                await sentinel.release(self._sentinels, self.settings)
            case HandOver(node=node, reason=reason):
                log.warning("guardian.hands_over", reason=reason)
                self._background(self.hand_over(self.settings.named(node)))
            case _:
                await self._hands.do(order)

    def _begin_hint(self, reason: str) -> None:
        if self._hinting is None or self._hinting.done():
            self._hinting = self._background(self._hint(reason))

    async def _hint(self, reason: str) -> None:
        started = time.monotonic()
        mine = self._sentinels[self.settings.me]
        answering = [peer for peer in self._sentinels if peer.link.is_open]
        first = mine if mine.link.is_open or not answering else answering[0]
        begun = await sentinel.hint(self._sentinels, self.settings, first)
        took = time.monotonic() - started
        log.warning("guardian.hint", reason=reason, failover_began=begun, seconds=round(took, 3))
        self.board.hinted(begun=begun)

    def _background(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
