from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.browser.stage import browser as started
from tests.browser.stage import chromium, running_stack, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.integration.stack.running import RunningStack


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which other modules must not meet
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        reason = "no Chromium on PATH: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with started(path) as made:
        yield made


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which other modules must not meet
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:  # noqa: ARG001 - no stack without it
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which other modules must not meet
def signed_in(browser: Browser, stack: RunningStack) -> str:
    """An operator's cookies, got once: signing in has a limit."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, stack.url)
    page.wait_for_url("**/ops/")
    path = stack.data / "cookies.json"
    context.storage_state(path=path)
    context.close()
    return str(path)


@pytest.fixture
def problems() -> list[str]:
    """What the browser complains about: errors of the script, and what the policy refuses."""
    return []


@pytest.fixture
def page(browser: Browser, stack: RunningStack, signed_in: str, problems: list[str]) -> Iterator[Page]:
    """The operations page, open and live."""
    stack.wait_healthy(60)
    context = browser.new_context(storage_state=signed_in, viewport={"width": 1200, "height": 900})
    made = context.new_page()
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
    made.goto(f"{stack.url}/ops")
    made.get_by_text("Live", exact=True).wait_for()
    yield made
    context.close()
    assert problems == []
