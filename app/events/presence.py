"""Which users are connected: each process says so of its own every few seconds, and its word ends by itself."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from app.store import Store, deadline, keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORD_MS: Final = 20_000
"""What a process says is believed for so long; it says it again every 5 s."""
REMEMBERED_MS: Final = 30 * 86_400_000
BATCH: Final = 500
MOST: Final = 1000
PATIENCE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Present:
    """What is known of a user.

    Attributes:
        online: connected to some process now, or until 20 s ago if that process died.
        seen: the last time, seconds since 1970; None: not within 30 days.
    """

    online: bool
    seen: float | None


class Presence:
    """Says and tells who is connected.

    Args:
        store: where it is kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._me = secrets.token_hex(6)

    def came(self, user_id: int) -> None:
        """A listener of this user is here; a trouble of Redis is put right by the next :meth:`refresh`."""
        with suppress(RedisError), deadline(PATIENCE):
            self.refresh([user_id])

    def went(self, user_id: int) -> None:
        """The last listener of this user went; a trouble of Redis is put right by the end of the word."""
        with suppress(RedisError), deadline(PATIENCE):
            self._store.run("presence_leave", [keys.presence(user_id)], [self._me], repeatable=True)

    def refresh(self, user_ids: Iterable[int]) -> None:
        """Say that these users are here, for another while.

        Raises:
            StoreError: Redis did not take it.
        """
        names = [keys.presence(user_id) for user_id in sorted(user_ids)]
        for start in range(0, len(names), BATCH):
            args = (self._me, WORD_MS, REMEMBERED_MS)
            self._store.run("presence_refresh", names[start : start + BATCH], args, repeatable=True)

    def of(self, user_ids: Sequence[int]) -> list[Present]:
        """What is known of these users, in their order.

        Raises:
            ValueError: they are more than 1000.
            StoreError: Redis did not answer.
        """
        if len(user_ids) > MOST:
            raise ValueError(f"{len(user_ids)} users: ask for at most {MOST} at once")
        names = [keys.presence(user_id) for user_id in user_ids]
        reply = self._store.run("presence_show", names, repeatable=True)
        return [
            Present(bool(online), seen / 1000 or None) for online, seen in zip(reply[::2], reply[1::2], strict=True)
        ]
