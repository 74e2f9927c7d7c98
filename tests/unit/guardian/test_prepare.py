from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from app.errors import ConfigError
from app.guardian.acl import AT_REDIS, Users
from app.guardian.conf import EXPORTER_PASSWORDS, REDIS_CONF
from app.guardian.prepare import SENTINEL_BASE, numeric, write_files
from app.guardian.settings import Settings, Tls

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = Settings(
    names=("a", "b", "c"),
    me=1,
    redis=(("a.shop", 6379), ("b.shop", 6379), ("c.shop", 6379)),
    sentinels=(("a.shop", 26379), ("b.shop", 26379), ("c.shop", 26379)),
    own_redis=("127.0.0.1", 6379),
    own_sentinel=("127.0.0.1", 26379),
    master="shop",
    quorum=2,
)
ADDRESSES = {"a.shop": "10.0.0.1", "b.shop": "10.0.0.2", "c.shop": "10.0.0.3"}


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    directory = tmp_path / "users"
    directory.mkdir()
    for each in fields(Users):
        (directory / each.name).write_text(f"secret-of-{each.name}\n")
    return directory


def test_names_become_addresses_and_addresses_stay() -> None:
    found = numeric(SETTINGS, ADDRESSES.__getitem__)
    assert found.redis == (("10.0.0.1", 6379), ("10.0.0.2", 6379), ("10.0.0.3", 6379))
    assert found.sentinels[2] == ("10.0.0.3", 26379)
    assert found.own_redis == ("127.0.0.1", 6379)
    assert numeric(found, ADDRESSES.__getitem__) == found


def test_a_name_service_that_is_late_is_waited_for_and_one_that_never_knows_is_named() -> None:
    missing = ["a.shop"]

    def late(name: str) -> str:
        if name in missing:
            missing.remove(name)
            raise OSError("not yet")
        return ADDRESSES[name]

    assert numeric(SETTINGS, late).redis[0] == ("10.0.0.1", 6379)

    def never(name: str) -> str:
        raise OSError(f"{name}: unknown")

    with pytest.raises(ConfigError, match=r"'a.shop' is not known .*HAVEN_GUARDIAN_NODES"):
        numeric(SETTINGS, never, within=0.0)


def test_the_files_hold_digests_and_each_reader_gets_its_own(tmp_path: Path, passwords: Path) -> None:
    base = tmp_path / "base.conf"
    base.write_text("unixsocket /run/sentinel.sock\n")
    settings = write_files(replace(SETTINGS, base=str(base), files=str(tmp_path / "run"), users=str(passwords)))
    redis = (tmp_path / "run" / REDIS_CONF).read_text()
    assert redis.startswith(
        "replica-announce-ip b.shop\nreplica-announce-port 6379\nport 6379\nuser default reset off ~* &* +@all\n"
    )
    assert [line.split()[1] for line in redis.splitlines() if line.startswith("user ")] == ["default", *AT_REDIS]
    assert 'masterauth "secret-of-replica"' in redis
    assert redis.count("secret-of-") == 1
    sentinel = (tmp_path / "run" / SENTINEL_BASE).read_text()
    assert settings.base == str(tmp_path / "run" / SENTINEL_BASE)
    assert sentinel.startswith("unixsocket /run/sentinel.sock\nuser default reset off\n")
    assert "secret-of-" not in sentinel
    assert json.loads((tmp_path / "run" / EXPORTER_PASSWORDS).read_text()) == {
        "redis://exporter@127.0.0.1:6379": "secret-of-exporter"
    }
    assert (tmp_path / "run" / REDIS_CONF).stat().st_mode & 0o007 == 0


def test_without_users_only_the_addresses_are_written(tmp_path: Path) -> None:
    write_files(replace(SETTINGS, files=str(tmp_path)))
    expected = "replica-announce-ip b.shop\nreplica-announce-port 6379\nport 6379\n"
    assert (tmp_path / REDIS_CONF).read_text() == expected


def test_with_certificates_nothing_listens_in_plain_text(tmp_path: Path, passwords: Path) -> None:
    write_files(replace(SETTINGS, tls=Tls("/ca", "/cert", "/key"), files=str(tmp_path / "run"), users=str(passwords)))
    redis = (tmp_path / "run" / REDIS_CONF).read_text().splitlines()
    assert {"port 0", "tls-port 6379", "tls-replication yes", 'tls-key-file "/key"'} <= set(redis)
    assert json.loads((tmp_path / "run" / EXPORTER_PASSWORDS).read_text()) == {
        "rediss://exporter@127.0.0.1:6379": "secret-of-exporter"
    }


def test_a_password_that_is_missing_or_empty_is_named(tmp_path: Path, passwords: Path) -> None:
    (passwords / "app").write_text("\n")
    with pytest.raises(ConfigError, match=r"app is empty: put the password of the user 'app' into it"):
        write_files(replace(SETTINGS, files=str(tmp_path / "run"), users=str(passwords)))
    (passwords / "app").unlink()
    with pytest.raises(ConfigError, match=r"No such file .*HAVEN_GUARDIAN_USERS"):
        write_files(replace(SETTINGS, files=str(tmp_path / "run"), users=str(passwords)))
