"""Licences that are not allowed end `make check`."""

from __future__ import annotations

import pytest

from scripts import licences


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("MIT", []),
        ("MIT AND PSF-2.0", []),
        ("GPL-3.0-only OR MIT", []),
        ("MIT AND (GPL-3.0-only OR BSD-3-Clause)", []),
        ("GPL-3.0-only", ["GPL-3.0-only"]),
        ("MIT AND GPL-3.0-only", ["GPL-3.0-only"]),
        ("MIT OR GPL-3.0-only AND AGPL-3.0-only", []),
        ("none", ["none"]),
        ("Proprietary", ["Proprietary"]),
    ],
)
def test_which_expressions_are_allowed(expression: str, wrong: list[str]) -> None:
    assert licences.forbidden(expression) == wrong


def test_a_package_with_another_licence_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(name: str) -> str:
        return "SSPL-1.0" if name == "flask" else "MIT"

    monkeypatch.setattr(licences, "licence", says)
    with pytest.raises(SystemExit, match=r"flask: SSPL-1\.0") as refused:
        licences.main(check=True)
    assert "ALLOWED in scripts/licences.py" in str(refused.value)


def test_a_page_that_is_old_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "shipped", lambda: ["flask"])
    with pytest.raises(SystemExit, match="make docs"):
        licences.main(check=True)


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(SystemExit, match=r"no-such-package is in uv\.lock and not installed"):
        licences.licence("no-such-package")


def test_what_is_shipped_is_for_the_image_alone() -> None:
    shipped = licences.shipped()
    assert {"psycopg-binary", "redis"} <= set(shipped)
    assert not {"tzdata", "pytest", "haven"} & set(shipped)
