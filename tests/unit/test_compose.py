"""compose.yaml says what Haven understands: every service's settings are read as its process would read them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli import main
from app.config import Config, load_config
from app.guardian.launch import settings_from
from app.local.conf import MASTER_NAME, render_redis
from app.settings import is_secret

ROOT = Path(__file__).parents[2]
IMAGE = "haven:dev"
NOT_TO_COMPARE = {"bind", "daemonize"}
"""Lines of a redis.conf that are about the machine where it runs."""


def interpolated(text: str) -> str:
    """With each ``${NAME:-default}`` replaced by its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(interpolated((ROOT / "compose.yaml").read_text()))["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == IMAGE]
NODES = [name.removeprefix("node-") for name in SERVICES if name.startswith("node-")]


def of_image() -> dict[str, str]:
    """What the image itself sets."""
    found = re.findall(r"^(?:ENV|   ) (HAVEN_\w+)=(\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(found) >= 4
    return dict(found)


def environment(service: str) -> dict[str, str]:
    own: dict[str, str] = SERVICES[service]["environment"]
    return of_image() | own


def address(node: str) -> str:
    found: str = SERVICES[f"node-{node}"]["networks"]["haven"]["ipv4_address"]
    return found


def unknown(names: set[str]) -> set[str]:
    """Those that are no setting."""
    fields = Config.model_fields.items()
    known = {name.upper() for name, _ in fields} | {
        f"{name.upper()}_FILE" for name, field in fields if is_secret(field)
    }
    return names - known


def test_every_service_runs_a_command_that_there_is() -> None:
    assert {SERVICES[name]["command"] for name in OURS} <= set(main.commands)
    served = {"web", "realtime", "worker", "subscriber", "migrate", "guardian"}
    assert served <= {SERVICES[name]["command"] for name in OURS}


@pytest.mark.parametrize("service", OURS)
def test_every_variable_is_a_setting_with_a_right_value(service: str) -> None:
    assert unknown(set(environment(service))) == set()
    config = load_config(environment(service))
    assert config.durable_replicas == 1
    assert config.redis_sentinel_master == MASTER_NAME
    assert config.redis_sentinel_hosts == tuple((address(node), 26379) for node in NODES)
    assert config.haven_guardian_hosts == tuple((address(node), config.haven_ops_port) for node in NODES)


def test_the_image_sets_nothing_but_settings() -> None:
    assert unknown(set(of_image())) == set()


@pytest.mark.parametrize("node", NODES)
def test_a_guardian_stands_beside_its_redis_and_sentinel(node: str) -> None:
    service = f"guardian-{node}"
    settings = settings_from(load_config(environment(service)), {})
    assert settings.name == f"redis-{node}"
    assert settings.redis == tuple((address(other), 6379) for other in NODES)
    assert (settings.own_redis, settings.own_sentinel) == (("127.0.0.1", 6379), ("127.0.0.1", 26379))
    beside = {SERVICES[f"{role}-{node}"]["network_mode"] for role in ("redis", "sentinel", "guardian")}
    assert beside == {f"service:node-{node}"}
    assert SERVICES[service]["volumes"] == SERVICES[f"sentinel-{node}"]["volumes"]
    sentinel = SERVICES[f"sentinel-{node}"]
    assert Path(settings.conf).parent == Path(sentinel["working_dir"])
    assert f"redis-server {Path(settings.conf).name} --sentinel" in sentinel["command"][0]


@pytest.mark.parametrize("node", NODES)
def test_a_redis_boots_as_that_of_a_local_stack(node: str) -> None:
    settings = settings_from(load_config(environment(f"guardian-{node}")), {})
    local = render_redis(6379, Path("/data"), settings.redis_credentials.password)
    wanted = {tuple(shlex.split(line)) for line in local.splitlines()}
    given = {tuple(shlex.split(line.removeprefix("--"))) for line in SERVICES[f"redis-{node}"]["command"]}
    assert given == {line for line in wanted if line[0] not in NOT_TO_COMPARE}


def test_every_image_is_ours_or_has_a_version() -> None:
    assert [name for name, service in SERVICES.items() if not re.search(r":(dev|\d[\d.]*)$", service["image"])] == []


def test_no_process_may_more_than_it_needs() -> None:
    for name, service in SERVICES.items():
        if name != "postgres":  # its image begins as root and then gives that up
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
