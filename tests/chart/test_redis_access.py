"""How the application is told of Redis; each combination is one that the program itself takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from tests.chart.rendering import SCENARIOS, environment, scenario

if TYPE_CHECKING:
    from pathlib import Path

APP = ("web", "realtime", "worker", "subscriber")


def variables(name: str, component: str = "web") -> dict[str, str]:
    (container,) = scenario(name).pod(component).spec["containers"]
    return environment(container)


def redis_variables(name: str) -> dict[str, str]:
    return {key: value for key, value in variables(name).items() if key.startswith("REDIS_")}


def test_the_charts_own_redis_is_found_by_its_sentinels() -> None:
    assert redis_variables("default") == {
        "REDIS_SENTINEL_HOSTS": ",".join(f"shop-haven-redis-{number}.sales.svc:26379" for number in range(3)),
        "REDIS_SENTINEL_MASTER": "sales-shop-haven",
        "REDIS_USERNAME": "app",
        "REDIS_PASSWORD_FILE": "/run/secrets/haven-redis/app",
        "REDIS_SENTINEL_USERNAME": "app",
        "REDIS_SENTINEL_PASSWORD_FILE": "/run/secrets/haven-redis/app",
    }


def test_a_redis_of_ones_own() -> None:
    assert redis_variables("standalone") == {"REDIS_HOST": "redis", "REDIS_PORT": "6379"}
    assert redis_variables("external-redis") == {
        "REDIS_HOST": "redis.example.com",
        "REDIS_PORT": "6380",
        "REDIS_USERNAME": "haven",
        "REDIS_PASSWORD_FILE": "/run/secrets/haven-redis/app",
        "REDIS_SSL": "true",
        "REDIS_SSL_CA": "/run/secrets/haven-redis-tls/ca.crt",
    }


def test_sentinels_of_ones_own() -> None:
    assert redis_variables("external-sentinel") == {
        "REDIS_SENTINEL_HOSTS": (
            "sentinel-0.example.com:26379,sentinel-1.example.com:26379,sentinel-2.example.com:26380"
        ),
        "REDIS_SENTINEL_MASTER": "orders",
        "REDIS_USERNAME": "haven",
        "REDIS_PASSWORD_FILE": "/run/secrets/haven-redis/app",
        "REDIS_SENTINEL_USERNAME": "haven",
        "REDIS_SENTINEL_PASSWORD_FILE": "/run/secrets/haven-redis/sentinel",
        "REDIS_SSL": "true",
        "REDIS_SSL_CA": "/run/secrets/haven-redis-tls/ca.crt",
        "REDIS_SSL_CERT": "/run/secrets/haven-redis-tls/tls.crt",
        "REDIS_SSL_KEY": "/run/secrets/haven-redis-tls/tls.key",
    }


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_program_takes_what_the_chart_gives_it(name: str, tmp_path: Path) -> None:
    given = {
        "secret-key": "k" * 48,
        "database-url": "postgresql://haven:p@database:5432/haven",
    }
    for pod in scenario(name).pods:
        if pod.component in {"postgres", "redis"}:
            continue
        for container in pod.containers:
            found = environment(container)
            for variable, path in found.items():
                if path.startswith("/run/secrets/"):
                    file = tmp_path / path.lstrip("/")
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(given.get(file.name, "password"))
                    found[variable] = str(file)
            config = load_config(found)
            assert config.haven_env == "production"
            if container["name"] in APP:
                assert config.topology == ("standalone" if "REDIS_HOST" in found else "sentinel")
