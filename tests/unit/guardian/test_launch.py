from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from app.errors import ConfigError
from app.guardian.facts import STRANGER
from app.guardian.launch import settings_from
from app.guardian.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

RIGHT = {
    "HAVEN_GUARDIAN_NAME": "redis-1",
    "HAVEN_GUARDIAN_NODES": "redis-0=10.0.0.1:6379,redis-1=10.0.0.2:6379,redis-2=10.0.0.3:6379",
    "REDIS_SENTINEL_HOSTS": "10.0.1.1:26379,10.0.1.2:26379,10.0.1.3:26379",
    "REDIS_SENTINEL_MASTER": "shop",
    "HAVEN_OPS_PORT": "9201",
}


def made(**changed: str) -> Settings:
    env = {**RIGHT, **changed}
    return settings_from(load_config(env), env)


def test_what_is_not_set_follows_from_what_is() -> None:
    settings = made()
    assert (settings.me, settings.name, settings.quorum) == (1, "redis-1", 2)
    assert settings.own_redis == ("10.0.0.2", 6379)
    assert settings.own_sentinel == ("10.0.1.2", 26379)
    assert settings.node("10.0.0.3", 6379) == 2
    assert settings.node("127.0.0.1", 1) == STRANGER


def test_it_survives_the_way_to_the_small_process() -> None:
    settings = made(REDIS_PASSWORD="s3 \" '", REDIS_SSL="true", HAVEN_GUARDIAN_REDIS="127.0.0.1:6379")
    again = Settings.load(settings.dump())
    assert again == settings
    assert again.watch_credentials.password == "s3 \" '"
    assert again.own_redis == ("127.0.0.1", 6379)


def test_a_password_in_a_file_is_read_anew_each_time(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    settings = made(REDIS_PASSWORD_FILE=str(file))
    assert "first" not in settings.dump()
    assert settings.redis_credentials.password == "first"
    file.write_text("second\n")
    assert Settings.load(settings.dump()).redis_credentials.password == "second"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"HAVEN_GUARDIAN_NAME": "redis-7"}, "HAVEN_GUARDIAN_NAME='redis-7' is none of the nodes': use one of redis-0"),
        ({"REDIS_SENTINEL_HOSTS": "10.0.1.1:26379"}, "REDIS_SENTINEL_HOSTS has 1 entries, HAVEN_GUARDIAN_NODES 3"),
        ({"HAVEN_SENTINEL_QUORUM": "4"}, "HAVEN_SENTINEL_QUORUM=4 is more than the 3 Sentinels: use 2"),
        ({"HAVEN_OPS_PORT": "0"}, "HAVEN_OPS_PORT is not set"),
        ({"HAVEN_SENTINEL_BASE": "/nowhere"}, "HAVEN_SENTINEL_BASE='/nowhere' can't be read"),
        ({"HAVEN_GUARDIAN_USERS": "/run/users"}, "HAVEN_GUARDIAN_USERS='/run/users' is of no use alone: set"),
        ({"HAVEN_GUARDIAN_NODES": "redis-0"}, "'redis-0' is not name=host:port"),
        ({"HAVEN_GUARDIAN_NODES": "a=h:1,a=h:2"}, "a name occurs twice"),
        ({"HAVEN_GUARDIAN_TOKEN": "short"}, "HAVEN_GUARDIAN_TOKEN=(value hidden)"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(changed: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(**changed)
    assert said in str(caught.value)
