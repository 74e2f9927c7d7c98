from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from app import errors
from app.config import CLASSES, Config, DevelopmentConfig, ProductionConfig, TestingConfig, load_config
from app.errors import ConfigError
from app.settings import parse_address
from app.store.credentials import credentials

SECRET = "x" * 40


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(environ)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("development", DevelopmentConfig), ("testing", TestingConfig), ("production", ProductionConfig)],
)
def test_haven_env_chooses_the_class(name: str, expected: type[Config]) -> None:
    assert type(load_config({"HAVEN_ENV": name, "SECRET_KEY": SECRET})) is expected


def test_an_unknown_environment_names_the_known_ones() -> None:
    assert problems({"HAVEN_ENV": "prod"}) == [
        "HAVEN_ENV='prod': must be one of development, testing, production",
    ]


def test_nothing_set_is_a_standalone_redis_on_this_machine() -> None:
    made = load_config({})
    assert (made.topology, made.redis_host, made.redis_port, made.durable_replicas) == (
        "standalone",
        "127.0.0.1",
        6379,
        0,
    )


def test_sentinels_make_it_sentinel_with_one_confirming_replica() -> None:
    made = load_config({"REDIS_SENTINEL_HOSTS": "a:1, [::1]:26379,", "REDIS_SENTINEL_MASTER": "m"})
    assert made.topology == "sentinel"
    assert made.redis_sentinel_hosts == (("a", 1), ("::1", 26379))
    assert made.durable_replicas == 1


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"REDIS_PORT": "0"}, ["REDIS_PORT='0'", "a port, 1 to 65535"]),
        ({"REDIS_PORT": "tcp://10.0.0.1:6379"}, ["REDIS_PORT='tcp://10.0.0.1:6379'", "enableServiceLinks"]),
        ({"REDIS_SENTINEL_HOSTS": " , "}, ["REDIS_SENTINEL_HOSTS", "empty", "unset it"]),
        ({"REDIS_SENTINEL_HOSTS": "a:1,b"}, ["REDIS_SENTINEL_HOSTS", "'b' is not host:port"]),
        ({"REDIS_SENTINEL_HOSTS": "a:1"}, ["REDIS_SENTINEL_MASTER is not set"]),
        ({"REDIS_SENTINEL_MASTER": "m"}, ["REDIS_SENTINEL_HOSTS is not set"]),
        ({"REDIS_SSL_CERT": "/nowhere"}, ["REDIS_SSL_CERT and REDIS_SSL_KEY go together"]),
        ({"REDIS_SSL_CA": "/nowhere"}, ["REDIS_SSL_CA='/nowhere' can't be read"]),
        ({"HAVEN_DEADLINE": "soon"}, ["HAVEN_DEADLINE='soon'", "0.5 to 120"]),
        ({"HAVEN_WEB_STREAMS": "16"}, ["HAVEN_WEB_STREAMS=16", "HAVEN_WEB_THREADS=16"]),
        ({"HAVEN_ENV": "production"}, ["SECRET_KEY is not set"]),
        ({"HAVEN_ENV": "production", "SECRET_KEY": "short"}, ["SECRET_KEY has 5 characters", "at least 32"]),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(environ: dict[str, str], words: list[str]) -> None:
    text = "\n".join(problems(environ))
    for word in words:
        assert word in text


def test_all_problems_are_listed_at_once() -> None:
    found = problems(
        {
            "HAVEN_ENV": "production",
            "REDIS_PORT": "x",
            "HAVEN_DEADLINE": "0",
            "REDIS_SENTINEL_HOSTS": "a:1",
            "SECRET_KEY_FILE": "/no",
        }
    )
    names = ("REDIS_PORT", "HAVEN_DEADLINE", "REDIS_SENTINEL_MASTER", "SECRET_KEY_FILE", "SECRET_KEY is not set")
    assert [name for name in names if not any(name in line for line in found)] == []


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    hidden = "correct-horse"
    path = tmp_path / "secret"
    path.write_text(hidden)
    text = "\n".join(
        problems({"HAVEN_ENV": "production", "SECRET_KEY_FILE": str(path), "DATABASE_URL": "", "REDIS_PORT": "x"})
    )
    assert hidden not in text
    assert hidden not in repr(load_config({"REDIS_PASSWORD": hidden}))


def test_a_secret_may_come_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(" päss word \n")
    made = load_config({"REDIS_PASSWORD_FILE": str(path)})
    assert made.redis_password is not None
    assert made.redis_password.get_secret_value() == " päss word "


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("a")
    assert problems({"REDIS_PASSWORD": "b", "REDIS_PASSWORD_FILE": str(path)}) == [
        "REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set: keep one",
    ]


def test_only_secrets_are_read_from_files() -> None:
    assert load_config({"REDIS_HOST_FILE": "/nowhere"}).redis_host == "127.0.0.1"


def test_sqlite_with_several_replicas_in_production_is_a_caution() -> None:
    several = load_config({"HAVEN_ENV": "production", "SECRET_KEY": SECRET, "HAVEN_REPLICAS": "3"}).cautions()
    one = load_config({"HAVEN_ENV": "production", "SECRET_KEY": SECRET}).cautions()
    assert any("DATABASE_URL is SQLite with HAVEN_REPLICAS=3" in line for line in several)
    assert not any("SQLite" in line for line in one)


def test_production_gives_requests_and_tasks_more_time_to_end() -> None:
    short, long = load_config({}), load_config({"HAVEN_ENV": "production", "SECRET_KEY": SECRET})
    assert (short.haven_grace, short.haven_task_grace) == (4, 3)
    assert (long.haven_grace, long.haven_task_grace) == (20, 20)


def test_a_setting_with_another_default_keeps_its_limits() -> None:
    (line,) = problems({"HAVEN_ENV": "production", "SECRET_KEY": SECRET, "HAVEN_GRACE": "0"})
    assert line.startswith("HAVEN_GRACE='0'")
    assert "1 to 600" in line


@pytest.mark.parametrize("text", ["", "host", "host:", ":1", "host:70000", "host:-1", "host:1x"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        parse_address(text)


def test_every_setting_is_documented() -> None:
    reference = Path("docs/settings.md").read_text(encoding="utf-8")
    missing = [
        name.upper() for cls in CLASSES.values() for name in cls.model_fields if f"`{name.upper()}`" not in reference
    ]
    assert missing == []


def test_every_setting_says_what_a_right_value_is() -> None:
    for name, field in Config.model_fields.items():
        assert field.description, name
        assert isinstance(field.json_schema_extra, dict), name
        assert field.json_schema_extra["remedy"], name


def test_the_exception_tree_is_drawn_as_it_is() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.HavenError) and found.__module__ == errors.__name__
    ]
    assert [name for name in classes if f" {name}" not in drawn] == []


def test_a_secrets_file_may_have_several_lines_while_it_is_changed(tmp_path: Path) -> None:
    files = {}
    for name in ("SECRET_KEY", "HAVEN_TASK_KEY", "REDIS_PASSWORD", "SECRET_KEY_FALLBACKS"):
        path = tmp_path / name
        path.write_text(f"{'new' * 12}{name}\n{'old' * 12}{name}\n")
        files[f"{name}_FILE"] = str(path)
    made = load_config({**files, "HAVEN_ENV": "production", "DATABASE_URL": "postgresql://u:p@h/d"})
    new, old = "new" * 12, "old" * 12
    assert made.secret_key.get_secret_value() == f"{new}SECRET_KEY"
    fallbacks = {f"{old}SECRET_KEY", f"{new}SECRET_KEY_FALLBACKS", f"{old}SECRET_KEY_FALLBACKS"}
    assert set(made.former_secret_keys) == fallbacks
    assert made.task_keys == (f"{new}HAVEN_TASK_KEY", f"{old}HAVEN_TASK_KEY")
    assert made.redis_password
    assert made.redis_password.get_secret_value() == f"{new}REDIS_PASSWORD"
    assert made.file_of("redis_password") == files["REDIS_PASSWORD_FILE"]
    assert load_config({}).file_of("redis_password") is None


def test_a_password_in_a_file_is_read_at_every_connect(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("one\n")
    config = load_config({"REDIS_PASSWORD_FILE": str(path), "REDIS_USERNAME": "app", "REDIS_SENTINEL_PASSWORD": "x"})
    provider = credentials(config, "redis")["credential_provider"]
    assert provider.get_credentials() == ("app", "one")
    path.write_text("two\none\n")
    assert provider.get_credentials() == ("app", "two")
    path.unlink()
    assert provider.get_credentials() == ("app", "two"), "a moment without the file is no reason to forget it"
    assert credentials(config, "redis_sentinel") == {"username": None, "password": "x"}
