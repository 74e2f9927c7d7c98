from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app import create_app
from app.config import load_config
from app.db import Database
from app.db.migrate import migrate
from app.db.seed import seed
from app.ops.console import watch
from tests.integration.console.browsing import OPERATOR, Browser
from tests.integration.helpers import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask

    from app.ops.console.watch import Watch


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seeded") / "haven.db"
    migrate(f"sqlite:///{path}")
    db = Database(f"sqlite:///{path}")
    seed(db, operators=True)
    db.close()
    return path


@pytest.fixture
def app(environment: dict[str, str], seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(watch, "LINGER", 0.5)
    shutil.copy(seeded, tmp_path / "haven.db")
    application = create_app(load_config(environment | {"HAVEN_ENV": "development"}))
    yield application
    found: Watch = application.extensions["haven.console"]
    until(lambda: not found.running)
    application.extensions["haven"].close()


@pytest.fixture
def visitor(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def operator(app: Flask) -> Browser:
    made = Browser(app)
    assert made.sign_in(OPERATOR).headers["Location"] == "/ops/"
    return made
