"""Python in the pages runs: each page's in one namespace, in a request to the application, on a real Redis.

What a page takes for granted, such as a function that fetches something, is in scenes/, and runs before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app import create_app
from app.config import load_config
from app.events import access, subscriber
from app.local import RedisServer
from app.tasks import registry
from tests.docs.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

BLOCKS = blocks("python", "")
SCENES = Path(__file__).parent / "scenes"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def app(redis: RedisServer, tmp_path: Path) -> Iterator[Flask]:
    made = create_app(
        load_config(
            {
                "HAVEN_ENV": "testing",
                "REDIS_HOST": redis.host,
                "REDIS_PORT": str(redis.port),
                "DATABASE_URL": f"sqlite:///{tmp_path}/haven.db",
            }
        )
    )
    yield made
    made.extensions["haven"].close()


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks, handlers and rules of a page are not there for other tests."""
    monkeypatch.setattr(registry, "_tasks", dict(registry._tasks))
    monkeypatch.setattr(registry, "schedules", dict(registry.schedules))
    monkeypatch.setattr(subscriber, "_handlers", list(subscriber._handlers))
    monkeypatch.setattr(access, "_rules", list(access._rules))


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_the_code_of_a_page_runs(page: str, app: Flask) -> None:
    scene = SCENES / f"{Path(page).stem.replace('-', '_')}.py"
    names: dict[str, Any] = {"__name__": f"scene_{scene.stem}", "app": app}
    with app.test_request_context():
        if scene.exists():
            exec(compile(scene.read_text(), scene, "exec"), names)  # noqa: S102 - our own
        for block in BLOCKS:
            if block.page == page:  # traces name the page and the line
                exec(compile("\n" * block.line + block.text, block.page, "exec"), names)  # noqa: S102 - the page's


def test_a_scene_belongs_to_a_page() -> None:
    pages = {Path(block.page).stem.replace("-", "_") for block in BLOCKS}
    assert {path.stem for path in SCENES.glob("*.py")} <= pages
