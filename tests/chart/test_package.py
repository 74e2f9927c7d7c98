"""The chart's archive: what helm would pack, the same bytes each time."""

from __future__ import annotations

import io
import tarfile
import time
from typing import TYPE_CHECKING

from scripts.release import chart
from scripts.release.versions import current
from tests.chart.rendering import CHART, helm, tool

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def contents(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        files = [(member.name, opened.extractfile(member)) for member in opened.getmembers()]
        return {name: file.read() for name, file in files if file}


def test_it_is_the_same_each_time_and_holds_what_helm_packs(tmp_path: Path) -> None:
    tool("helm")
    name = f"haven-{current()}.tgz"
    chart.main(tmp_path / "one")
    time.sleep(1.1)  # helm writes the second in which it packs
    chart.main(tmp_path / "two")
    one = (tmp_path / "one" / name).read_bytes()
    assert one == (tmp_path / "two" / name).read_bytes()
    helm("package", str(CHART), "--destination", str(tmp_path))
    assert contents(one) == contents((tmp_path / name).read_bytes())
    assert f"version: {current()}" in helm("show", "chart", str(tmp_path / "one" / name)).stdout


def test_its_files_have_the_time_that_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert chart.moment() == 1700000000
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as opened:
        for name in ("haven/values.yaml", "haven/Chart.yaml"):
            member = tarfile.TarInfo(name)
            member.size, member.uname, member.uid, member.mode = 2, "builder", 1000, 0o600
            opened.addfile(member, io.BytesIO(b"a\n"))
    again = chart.again(packed.getvalue(), chart.moment())
    with tarfile.open(fileobj=io.BytesIO(again), mode="r:gz") as opened:
        members = opened.getmembers()
    assert [member.name for member in members] == ["haven/Chart.yaml", "haven/values.yaml"]
    assert {(each.mtime, each.uid, each.uname, each.mode) for each in members} == {(1700000000, 0, "", 0o644)}


def test_without_a_word_it_is_the_time_of_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert chart.moment() > 1500000000
