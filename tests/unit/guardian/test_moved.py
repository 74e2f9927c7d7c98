"""A sentinel.conf that was kept while its nodes' addresses changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.guardian import moved
from app.guardian.settings import Settings, Tls

BEFORE = """\
port 26379
sentinel myid 016fba5bddf8e91d3549494048be97622b086aaf
sentinel announce-ip 10.0.0.2
sentinel announce-port 26379
sentinel monitor shop 10.0.0.1 6379 2
sentinel down-after-milliseconds shop 600
sentinel config-epoch shop 7
sentinel known-replica shop 10.0.0.2 6379
sentinel known-replica shop 10.0.0.3 6379
sentinel known-sentinel shop 10.0.0.1 26379 aaaa
sentinel known-sentinel shop 10.0.0.3 26379 cccc
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    hosts = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    return Settings(
        names=("a", "b", "c"),
        me=1,
        redis=tuple((host, 6379) for host in hosts),
        sentinels=tuple((host, 26379) for host in hosts),
        own_redis=("127.0.0.1", 6379),
        own_sentinel=("127.0.0.1", 26379),
        master="shop",
        quorum=2,
        conf=str(tmp_path / "sentinel" / "sentinel.conf"),
    )


def at(settings: Settings, *hosts: str) -> Settings:
    redis, sentinels = tuple((host, 6379) for host in hosts), tuple((host, 26379) for host in hosts)
    return replace(settings, redis=redis, sentinels=sentinels)


def test_the_addresses_follow_and_all_else_stays(settings: Settings) -> None:
    conf = Path(settings.conf)
    assert moved.follow(settings) == []
    conf.write_text(BEFORE)
    assert moved.follow(settings) == []
    assert conf.read_text() == BEFORE
    # two have changed places, which a replacement one after the other would get wrong
    found = moved.follow(at(settings, "10.0.0.2", "10.0.0.1", "10.9.9.9"))
    assert "10.0.0.3:6379 is 10.9.9.9:6379 now" in found
    expected = (BEFORE.replace("10.0.0.1", "X").replace("10.0.0.2", "10.0.0.1").replace("X", "10.0.0.2")).replace(
        "10.0.0.3", "10.9.9.9"
    )
    assert conf.read_text() == expected
    assert conf.stat().st_mode & 0o077 == 0


def test_it_happens_once(settings: Settings) -> None:
    moved.follow(settings)
    Path(settings.conf).write_text(BEFORE)
    later = at(settings, "10.1.0.1", "10.1.0.2", "10.1.0.3")
    assert len(moved.follow(later)) == 6
    assert moved.follow(later) == []


def test_a_name_is_not_taken_for_an_address_that_begins_with_it(settings: Settings) -> None:
    moved.follow(settings)
    conf = Path(settings.conf)
    others = "port 26379\nsentinel known-replica shop 10.0.0.11 6379\nsentinel known-replica shop 10.0.0.1 63790\n"
    conf.write_text(others)
    moved.follow(at(settings, "10.5.5.5", "10.0.0.2", "10.0.0.3"))
    assert conf.read_text() == others


def test_certificates_are_followed_too(settings: Settings) -> None:
    moved.follow(settings)
    conf = Path(settings.conf)
    conf.write_text(BEFORE)
    secured = replace(settings, tls=Tls("/ca", "/cert", "/key"))
    assert moved.follow(secured) == ["it speaks TLS on port 26379 now"]
    assert moved.follow(secured) == []
    assert set(BEFORE.splitlines()) - set(conf.read_text().splitlines()) == {"port 26379"}
    assert conf.stat().st_mode & 0o077 == 0
