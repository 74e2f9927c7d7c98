"""How the application is told of Redis; each combination is one that the program itself takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.config import load_config
from tests.chart.rendering import SCENARIOS, environment, render, scenario

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


def test_with_tls_everyone_checks_one_name_and_the_redis_pods_alone_have_the_key() -> None:
    rendered = scenario("tls")
    for component in ("web", "realtime", "worker", "subscriber", "test", "redis"):
        pod = rendered.pod(component)
        container = next(each for each in pod.containers if each["name"] not in {"redis", "wait-for-schema"})
        found = environment(container)
        assert (found["REDIS_SSL"], found["REDIS_SSL_NAME"]) == ("true", "shop-haven-redis"), component
        assert found["REDIS_SSL_CA"] == "/run/secrets/haven-redis-tls/ca.crt"
        assert ("REDIS_SSL_KEY" in found) == (component == "redis"), component
        sources = [source for each in pod.spec["volumes"] for source in each.get("projected", {}).get("sources", [])]
        keys = {
            item["key"]
            for source in sources
            if source["secret"]["name"] == "redis-certificate"
            for item in source["secret"]["items"]
        }
        assert keys == ({"ca.crt", "tls.crt", "tls.key"} if component == "redis" else {"ca.crt"}), component


def test_cert_manager_makes_the_secret_that_is_mounted() -> None:
    given = "redis.tls.enabled=true,redis.tls.certManager.enabled=true,redis.tls.certManager.issuerRef.name=own"
    rendered = render("--set", given)
    spec = rendered.one("Certificate", "shop-haven-redis")["spec"]
    pod = rendered.pod("redis")
    (volume,) = (each for each in pod.spec["volumes"] if each["name"] == "tls")
    assert spec["secretName"] == volume["projected"]["sources"][0]["secret"]["name"]
    names = {environment(each).get("REDIS_SSL_NAME") for each in pod.containers} - {None}
    assert names <= set(spec["dnsNames"])
    assert spec["issuerRef"] == {"name": "own"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_helm_test_asks_the_same_redis_with_the_same_rights(name: str) -> None:
    pods = [scenario(name).pod(component).spec for component in ("web", "test")]
    known, mounted = (
        [{each["name"]: each for each in pod["containers"][0][kind] if "redis" in each["name"].lower()} for pod in pods]
        for kind in ("env", "volumeMounts")
    )
    assert known[0] == known[1] != {}
    assert mounted[0] == mounted[1]
    volumes = [{each["name"]: each for each in pod["volumes"]} for pod in pods]
    assert all(volumes[0][name] == volumes[1][name] for name in mounted[0])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_program_takes_what_the_chart_gives_it(name: str, tmp_path: Path) -> None:
    given = {
        "secret-key": "k" * 48,
        "database-url": "postgresql://haven:p@database:5432/haven",
    }
    for pod in scenario(name).pods:
        if pod.component in {"postgres", "redis", "drill-runner"}:
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
            keyless = pod.component in {"backup", "restore"}  # they sign nothing, and are given no keys
            assert config.haven_env == ("development" if keyless else "production")
            if container["name"] in APP:
                assert config.topology == ("standalone" if "REDIS_HOST" in found else "sentinel")


@pytest.mark.parametrize(("component", "user"), [("backup", "replica"), ("restore", "admin")])
def test_backups_sign_in_with_no_more_than_they_need(component: str, user: str) -> None:
    pod = scenario("tls").pod(component)
    engine, program = pod.containers
    found = environment(program)
    assert (found["REDIS_USERNAME"], found["REDIS_SENTINEL_USERNAME"]) == (user, "app")
    secrets = [
        source["secret"] for volume in pod.spec["volumes"] for source in volume.get("projected", {}).get("sources", [])
    ]
    assert sorted(item["key"] for secret in secrets for item in secret["items"]) == sorted(["app", user, "ca.crt"])
    assert "--bind" in engine["command"]
    assert engine["command"][engine["command"].index("--bind") + 1] == "127.0.0.1"
    mounts = {mount["name"]: mount.get("readOnly", False) for mount in program["volumeMounts"]}
    assert mounts["backups"] is (component == "restore")
    assert {mount["name"] for mount in engine["volumeMounts"]} == {"engine"}


def test_a_restore_never_begins_by_itself() -> None:
    found = render("--set", "backup.enabled=true")
    assert found.one("CronJob", "shop-haven-restore")["spec"]["suspend"] is True
    assert "suspend" not in found.one("CronJob", "shop-haven-backup")["spec"]
    claim = found.one("PersistentVolumeClaim", "shop-haven-backups")
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert scenario("tls").of("PersistentVolumeClaim") == {}
    assert scenario("default").of("CronJob") == {}
