"""Pictures of the operations page for the README, `make screenshots`: a stack with work, a dead letter, a failover."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tests.browser.stage import browser, chromium, kill_primary, make_dead_letter, running_stack, sign_in
from tests.integration.stack.journeys import Client

if TYPE_CHECKING:
    from tests.integration.stack.running import RunningStack

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
LARGEST: Final = 200_000


class Picture(NamedTuple):
    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]


PICTURES: Final = (
    Picture("ops-light", 1100, 720, "light"),
    Picture("ops-dark", 1100, 720, "dark"),
    Picture("ops-phone", 375, 812, "light"),
)


def main() -> None:
    path = chromium()
    if path is None:
        sys.exit("no Chromium on PATH: apt-get install chromium")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, running_stack(Path(directory)) as stack, browser(path) as chrome:
        make_dead_letter(stack)
        work(stack)
        context = chrome.new_context(viewport={"width": 1200, "height": 900})
        page = context.new_page()
        sign_in(page, stack.url)
        page.get_by_text("Live", exact=True).wait_for()
        kill_primary(stack)
        page.get_by_text("+switch-master").first.wait_for()
        stack.wait_healthy(60)
        for picture in PICTURES:
            page.set_viewport_size({"width": picture.width, "height": picture.height})
            page.emulate_media(color_scheme=picture.scheme)
            time.sleep(1.5)
            file = IMAGES / f"{picture.name}.png"
            page.screenshot(path=file)
            size = file.stat().st_size
            print(f"{file.relative_to(Path.cwd())}: {size:,} bytes")  # noqa: T201 - it is a command
            if size > LARGEST:
                sys.exit(f"{file} is larger than {LARGEST:,} bytes")


def work(stack: RunningStack) -> None:
    client = Client(stack.url)
    client.login()
    for number in range(40):
        client.call("GET", f"/api/products/{number % 10 + 1}")


if __name__ == "__main__":
    main()
