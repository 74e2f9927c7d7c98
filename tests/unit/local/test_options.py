import os
import re
import socket
from pathlib import Path

import pytest

from app.local import LocalError
from app.local.holder import holder
from app.local.options import Options
from app.local.ports import free_ports, is_free


def test_every_part_has_its_port() -> None:
    assert {part: port for port, part, _ in Options(Path("x")).uses()} == {
        "redis-1": 7001,
        "redis-2": 7002,
        "redis-3": 7003,
        "sentinel-1": 7101,
        "sentinel-2": 7102,
        "sentinel-3": 7103,
        "guardian-1": 9201,
        "guardian-2": 9202,
        "guardian-3": 9203,
        "web": 8000,
        "worker": 9101,
        "subscriber": 9102,
    }


def test_prometheus_needs_its_port_in_the_demonstration_alone() -> None:
    ports = {part: port for port, part, _ in Options(Path("x"), demo=True, prometheus_port=9091).uses()}
    assert ports["prometheus"] == 9091
    with pytest.raises(LocalError, match=r"wanted by both web and prometheus \(--prometheus-port\)"):
        Options(Path("x"), demo=True, prometheus_port=8000).check()
    assert "prometheus" not in {part for _, part, _ in Options(Path("x"), prometheus_port=8000).uses()}


def test_overlapping_groups_are_named() -> None:
    with pytest.raises(LocalError, match=r"port 7003 is wanted by both redis-3 and sentinel-1 \(--sentinel-port\)"):
        Options(Path("x"), sentinel_port=7003).check()


def test_a_group_beyond_the_last_port_is_named() -> None:
    with pytest.raises(LocalError, match=r"port 65536 for redis-3 is beyond 65535 \(--redis-port\)"):
        Options(Path("x"), redis_port=65534).check()


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(LocalError, match=rf"port {port} for web is taken{re.escape(_by_us(port))} \(--http-port\)"):
            Options(Path("x"), http_port=port).check()


def _by_us(port: int) -> str:
    found = holder(port)  # empty on a machine that doesn't tell
    assert not found or f"(pid {os.getpid()})" in found
    return f" by {found}" if found else ""


def test_nobody_holds_a_free_port() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)
    assert holder(ports[0]) == ""
