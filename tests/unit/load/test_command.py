from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from app.cli import main
from app.errors import LoadError
from app.load.command import Plan, Wish, plan
from app.load.site import Site
from app.local.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path


def planned(tmp_path: Path, **wish: Any) -> Plan:
    return plan(Wish(data=tmp_path, **{"rate": 5.0, "name": "load", "every": 1.0, **wish}))


def test_there_are_as_many_users_as_no_limit_of_sign_ins_stops(tmp_path: Path) -> None:
    assert planned(tmp_path, mix="browse=1").users == 20
    todo = planned(tmp_path, rate=20.0, mix="browse=9,sign-in=1")
    assert todo.users == 300
    assert 20.0 / 10 * 3600 / todo.users < 30  # sign-ins of one user in an hour
    assert planned(tmp_path, rate=10_000.0).users == 2000
    assert planned(tmp_path, rate=20.0, users=3).users == 3


def test_as_many_may_be_under_way_as_come_in_ten_seconds(tmp_path: Path) -> None:
    assert planned(tmp_path, rate=0.1).concurrency == 20
    assert planned(tmp_path, rate=30.0).concurrency == 300
    assert planned(tmp_path, rate=500.0).concurrency == 1000
    assert planned(tmp_path, rate=30.0, concurrency=4).concurrency == 4


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://x:0", "http://x:70000", "http://x:y"])
def test_what_is_no_address_of_the_web_is_said(url: str) -> None:
    with pytest.raises(LoadError, match="give http://host:port"):
        Site(url)


def test_an_address_may_have_a_path_and_needs_no_port() -> None:
    site = Site("https://shop.invalid/haven/")
    assert (site.host, site.port, site.base) == ("shop.invalid", 443, "/haven")
    assert site.address(3) is None


def test_on_loopback_every_visitor_has_an_address_of_its_own() -> None:
    site = Site("http://localhost:8000")
    addresses = {site.address(number) for number in range(10_000)}
    assert len(addresses) == 10_000
    assert all(found and ip_address(found[0]).is_loopback for found in addresses)
    assert Site("http://localhost:8000").address(0) not in addresses  # another run has others


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rate", "0"], "--rate"),
        (["--rate", "many"], "--rate"),
        (["--sped", "1"], "--sped"),
        (["--mix", "browse"], "no weight"),
        (["--objective", "p99"], "write it as"),
        (["--url", "localhost"], "give http://host:port"),
        (["--name", "Two words"], "up to 40 of a-z"),
        (["more"], "more"),
    ],
)
def test_wrong_usage_ends_with_64(words: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["load", *words])
    assert result.exit_code == 64
    assert said in result.output


def test_without_an_answer_at_the_start_it_ends_with_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAVEN_ENV", "development")
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    result = CliRunner().invoke(main, ["load", "--url", url, "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert f"{url} does not serve: GET /readyz: no answer (ConnectionRefusedError)" in result.output
