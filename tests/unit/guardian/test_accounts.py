"""A Sentinel's file that remembers former users."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from app.guardian.accounts import catch_up
from app.guardian.acl import Users
from app.guardian.settings import Credentials, Settings

KEPT = """\
port 26379
user admin on sanitize-payload #aaaa ~* &* +@all
user app on sanitize-payload #bbbb resetchannels -@all +ping
sentinel myid 016fba5bddf8e91d3549494048be97622b086aaf
sentinel monitor shop 10.0.0.1 6379 2
sentinel auth-user shop sentinel
sentinel auth-pass shop "former"
sentinel sentinel-user guardian
sentinel sentinel-pass former
sentinel config-epoch shop 7
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    passwords = tmp_path / "passwords"
    passwords.mkdir()
    for name, password in asdict(Users()).items():
        (passwords / name).write_text(f"{password}\n")
    return Settings(
        names=("a", "b", "c"),
        me=0,
        redis=(("10.0.0.1", 6379),) * 3,
        sentinels=(("10.0.0.1", 26379),) * 3,
        own_redis=("127.0.0.1", 6379),
        own_sentinel=("127.0.0.1", 26379),
        master="shop",
        quorum=2,
        sentinel_credentials=Credentials("guardian", file=str(passwords / "guardian")),
        watch_credentials=Credentials("sentinel", file=str(passwords / "sentinel")),
        conf=str(tmp_path / "sentinel.conf"),
        users=str(passwords),
    )


def test_users_and_passwords_follow_and_the_rest_stays(settings: Settings) -> None:
    conf = Path(settings.conf)
    assert not catch_up(settings), "there is none yet"
    conf.write_text(KEPT)
    assert catch_up(settings)
    lines = conf.read_text().splitlines()
    kept = ["port 26379", "sentinel monitor shop 10.0.0.1 6379 2", "sentinel config-epoch shop 7"]
    assert [line for line in lines if line in kept] == kept
    assert not [line for line in lines if "former" in line or "#aaaa" in line or "#bbbb" in line]
    users = Users.read(Path(settings.users))
    assert set(users.at_sentinel()) <= set(lines)
    assert f'sentinel auth-pass shop "{users.sentinel.strip()}"' in lines
    assert f'sentinel sentinel-pass "{users.guardian.strip()}"' in lines
    assert not catch_up(settings), "nothing is written twice"


def test_a_password_that_is_empty_is_named_and_nothing_is_written(settings: Settings) -> None:
    Path(settings.conf).write_text(KEPT)
    (Path(settings.users) / "app").write_text("\n")
    with pytest.raises(ValueError, match="put the password of the user 'app' into it"):
        catch_up(settings)
    assert Path(settings.conf).read_text() == KEPT


def test_every_line_is_accepted_and_the_first_is_used(settings: Settings) -> None:
    directory = Path(settings.users)
    for name in asdict(Users()):
        (directory / name).write_text(f"new-{name}\nold-{name}\n")
    users = Users.read(directory)
    for line in (*users.at_redis(), *users.at_sentinel()):
        if line.startswith("user ") and "default" not in line:
            assert line.count("#") == 2, line
    assert 'masterauth "new-replica"' in users.at_redis()
    assert users.of_app()["REDIS_PASSWORD"] == "new-app"
    assert settings.watch_credentials.accepted == ("new-sentinel", "old-sentinel")
    assert settings.sentinel_credentials.password == "new-guardian"
