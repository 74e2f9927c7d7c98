"""Sessions in use while the primary dies: nothing that was acknowledged is lost, undone or brought back."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from app.sessions import Sessions
from app.store import deadline
from tests.integration.helpers import PATIENCE

if TYPE_CHECKING:
    from app.local import RedisCluster
    from app.store import Store


class Visitor:
    """Counts up in a session, takes a new id at every fifth step, and logs out everywhere at every twentieth."""

    def __init__(self, sessions: Sessions, user: int) -> None:
        self._sessions = sessions
        self._user = user
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.current = ""
        self.count = 0
        self.dead: list[str] = []
        self.errors: list[str] = []
        self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(0.01):
            try:
                with deadline(PATIENCE):
                    self._step()
            except Exception as error:  # noqa: BLE001 - it is what the test looks at
                self.errors.append(repr(error))

    def _step(self) -> None:
        if not self.current:
            self.current, self.count = self._sessions.create(self._user), 0
        found = self._sessions.load(self.current)
        if found is None or found.fields.get("d:n", "0") != str(self.count):
            self.errors.append(f"{found} instead of {self.count}")
            self.count = int(found.fields.get("d:n", "0")) if found else 0
        if not self._sessions.save(self.current, {"d:n": str(self.count + 1)}, user_id=self._user, exists=True):
            self.errors.append("it was not there to be changed")
        self.count += 1
        if self.count % 5 == 0:
            self.dead.append(self.current)
            self.current = self._sessions.renew(self.current) or ""
        if self.count % 20 == 0:
            self.dead.append(self.current)
            self._sessions.destroy_all(self._user)
            self.current = ""

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_nothing_is_lost_and_nothing_comes_back(cluster: RedisCluster, cluster_store: Store, fault: str) -> None:
    sessions = Sessions(cluster_store, 60)
    visitors = [Visitor(sessions, user) for user in range(1, 7)]
    time.sleep(0.5)
    victim = cluster.primary()
    getattr(victim, fault)()
    time.sleep(2.5)
    victim.thaw()
    time.sleep(0.5)
    for visitor in visitors:
        visitor.stop()
    assert [error for visitor in visitors for error in visitor.errors] == []
    for visitor in visitors:
        assert visitor.count + 20 * len(visitor.dead) > 100, "it went on"
        assert not any(sessions.alive(visitor.dead))
        if visitor.current:
            found = sessions.load(visitor.current)
            assert found is not None
            assert found.fields["d:n"] == str(visitor.count)
