"""A refresh under way, and what becomes of its process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from app.local import RedisServer

REFRESH = """
import os, sys, time
from app.cache import Cache, Policy
from app.config import load_config
from app.store import create_store

cache = Cache(create_store(load_config({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": sys.argv[1]})))
policy = Policy(0.1, stale=60, jitter=0, early=0)
cache.get_or_compute("key", policy, [], lambda: 1)
time.sleep(0.2)
"""
ENDS = """
cache.get_or_compute("key", policy, [], lambda: time.sleep(20))
time.sleep(0.2)
"""
FORKS = """
cache.get_or_compute("key", policy, [], lambda: 2)
time.sleep(0.5)
if pid := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
end = time.monotonic() + 5
while cache.get_or_compute("key", policy, [], lambda: 3) != 3:
    if time.monotonic() > end:
        os._exit(1)
    time.sleep(0.05)
os._exit(0)
"""


@pytest.mark.parametrize("program", [ENDS, FORKS], ids=["ends", "forks"])
def test_a_refresh_holds_no_process_up_and_a_forked_one_has_its_own(server: RedisServer, program: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", REFRESH + program, str(server.port)]
    assert subprocess.run(command, timeout=10, check=False).returncode == 0
