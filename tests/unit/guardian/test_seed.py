from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.guardian import seed
from app.guardian.settings import Credentials, Settings, Tls

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        names=("redis-0", "redis-1", "redis-2"),
        me=1,
        redis=(("10.0.0.1", 6379), ("10.0.0.2", 6379), ("10.0.0.3", 6379)),
        sentinels=(("10.0.1.1", 26379), ("10.0.1.2", 26379), ("10.0.1.3", 26379)),
        own_redis=("127.0.0.1", 6379),
        own_sentinel=("127.0.0.1", 5000),
        master="shop",
        quorum=2,
        conf=str(tmp_path / "data" / "sentinel.conf"),
    )


def lines(settings: Settings, primary: int = 0, epoch: int = 0) -> list[str]:
    return seed.render(settings, primary=primary, epoch=epoch).splitlines()


def test_it_names_the_primary_and_announces_its_own_address(settings: Settings) -> None:
    found = lines(settings, primary=2, epoch=7)
    for line in (
        "port 5000",
        "sentinel announce-ip 10.0.1.2",
        "sentinel announce-port 26379",
        "sentinel monitor shop 10.0.0.3 6379 2",
        "sentinel down-after-milliseconds shop 600",
        "sentinel failover-timeout shop 5000",
        "sentinel config-epoch shop 7",
        "sentinel current-epoch 7",
    ):
        assert line in found
    assert not any("hostnames" in line or "pass" in line for line in found)


def test_names_are_resolved_and_announced_as_names(settings: Settings) -> None:
    named = replace(settings, redis=(("redis-0.shop", 6379), *settings.redis[1:]))
    assert "sentinel resolve-hostnames yes" in lines(named)
    assert "sentinel announce-hostnames yes" in lines(named)


def test_ids_are_fixed_and_differ_by_node_and_by_release() -> None:
    found = {seed.sentinel_id(master, place) for master in ("shop", "blog") for place in range(3)}
    assert len(found) == 6
    assert all(len(each) == 40 for each in found)
    assert seed.sentinel_id("shop", 1) in found


def test_passwords_and_tls(settings: Settings, tmp_path: Path) -> None:
    base = tmp_path / "base.conf"
    base.write_text("user default off\n")
    secured = replace(
        settings,
        watch_credentials=Credentials("sentinel", 'a"b'),
        sentinel_credentials=Credentials("guardian", "c"),
        tls=Tls("/ca", "/cert", "/key"),
        base=str(base),
    )
    found = lines(secured)
    assert found[0] == "user default off"
    assert {"port 0", "tls-port 5000", "tls-replication yes", 'tls-ca-cert-file "/ca"'} <= set(found)
    assert {"sentinel auth-user shop sentinel", 'sentinel auth-pass shop "a\\"b"'} <= set(found)
    assert not any(line.startswith("requirepass") for line in found)
    assert 'requirepass "c"' in lines(replace(settings, sentinel_credentials=Credentials("", "c")))


def test_it_is_written_whole_and_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    seed.write(settings, primary=0, epoch=0)
    conf = tmp_path / "data" / "sentinel.conf"
    assert conf.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in conf.parent.iterdir()] == ["sentinel.conf"]


def test_whether_it_has_the_password_that_is_wanted_now(settings: Settings) -> None:
    secured = replace(settings, watch_credentials=Credentials("", "one"))
    assert seed.has_password(secured)  # nothing to read: nothing to change
    seed.write(secured, primary=0, epoch=0)
    assert seed.has_password(secured)
    assert not seed.has_password(replace(settings, watch_credentials=Credentials("", "two")))
    seed.write(settings, primary=0, epoch=0)
    assert seed.has_password(settings)
    assert not seed.has_password(secured)
