"""The only code that opens a connection to Redis.

``create_store(config)`` gives a :class:`Store`: ``store.redis`` for commands, ``store.blocking`` for those that wait,
``store.run`` for server-side scripts. Discovery, TLS, retries, deadlines and the circuit breaker stay behind it.
"""

from app.store.factory import Store, create_store
from app.store.policy import deadline

__all__ = ["Store", "create_store", "deadline"]
