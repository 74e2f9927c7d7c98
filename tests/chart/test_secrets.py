"""The passwords: made once on a cluster, kept byte for byte, never made where nobody could keep them."""

from __future__ import annotations

import base64
import re

import yaml

from tests.chart.kube_api import Secrets, cluster
from tests.chart.rendering import CHART, helm, scenario

NAME = "shop-haven-secrets"
LONG = {"secret-key", "task-key", "guardian-token"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def made(secrets: Secrets, *arguments: str) -> dict[str, str] | None:
    """The Secret's data that an install on a cluster with these Secrets would write; None: it writes none."""
    with cluster(secrets) as address:
        where = ("--kube-apiserver", address, "--namespace", "sales")
        done = helm(
            "template", "shop", str(CHART), *where, "--dry-run=server", "--disable-openapi-validation", *arguments
        )
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each and each["kind"] == "Secret"]
    if not found:
        return None
    (secret,) = found
    assert secret["metadata"]["name"] == NAME
    assert secret["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    data: dict[str, str] = secret["data"]
    return data


def test_without_a_cluster_there_is_none() -> None:
    assert scenario("default").of("Secret") == {}


def test_an_install_makes_every_key_at_random() -> None:
    first, second = made({}), made({"another": {"key": encoded("value")}})
    assert first
    assert second
    assert first.keys() == second.keys()
    assert set(first.values()) & set(second.values()) == set()
    for key, value in first.items():
        text = base64.b64decode(value).decode()
        if key == "database-url":
            password = base64.b64decode(first["postgres"]).decode()
            assert text == f"postgresql://haven:{password}@shop-haven-postgres:5432/haven"
        else:
            assert re.fullmatch(r"[A-Za-z0-9]{48}" if key in LONG else r"[A-Za-z0-9]{32}", text), key


def test_an_upgrade_keeps_every_byte_and_adds_what_is_missing() -> None:
    kept = {"app": encoded("not changed"), "postgres": encoded("given"), "of-ones-own": encoded("stays")}
    data = made({NAME: kept}, "--is-upgrade")
    assert data
    assert kept.items() <= data.items()
    assert base64.b64decode(data["database-url"]) == b"postgresql://haven:given@shop-haven-postgres:5432/haven"
    assert len(data) == len(made({}) or {}) + 1
    assert made({NAME: data}, "--is-upgrade") == data


def test_a_secret_of_ones_own_is_named_and_not_made() -> None:
    assert made({}, "--set", "secrets.existingSecret=mine") is None


def test_a_database_of_ones_own_needs_no_url_in_it() -> None:
    own = "database.tryout.enabled=false,database.existingSecret=db"
    data = made({}, "--set", f"{own},networkPolicy.database.to[0].ipBlock.cidr=10.0.0.0/8")
    assert data
    assert "database-url" not in data
