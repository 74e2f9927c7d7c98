"""The operations page as an engineer on call uses it: a real browser, a real stack, a real kill."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from playwright.sync_api import expect

from tests.browser.stage import kill_primary, make_dead_letter, sign_in, wait_failed_over, web_processes
from tests.integration.helpers import until
from tests.integration.stack.journeys import Client

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.integration.stack.running import RunningStack

pytestmark = pytest.mark.stack

# Notes when the picture shows another primary; read with () => window.shown
WATCH = """() => {
  const primary = () => document.querySelector('[data-role=primary]')?.dataset.address;
  const first = primary();
  new MutationObserver(() => {
    if (!window.shown && primary() && primary() !== first) window.shown = [Date.now() / 1000, primary()];
  }).observe(document.getElementById('picture'), { childList: true });
}"""

# The least contrast of a text to what is behind it, and which text that is (WCAG 2.2, relative luminance)
CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const rect = at.tagName === 'g' && at.querySelector('rect');
      const colour = parse(rect ? getComputedStyle(rect).fill : getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  let worst = [21, ''];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(element.tagName === 'text' ? style.fill : style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst[0]) worst = [ratio, element.textContent.trim().slice(0, 60)];
  }
  return worst;
}"""


def focused(page: Page) -> str:
    """What has the focus, and whether that is to be seen."""
    found: str = page.evaluate(
        """() => {
          const at = document.activeElement, style = getComputedStyle(at);
          const name = (at.getAttribute('aria-label') || at.textContent || at.id).trim();
          return (at.tagName === 'MAIN' || parseFloat(style.outlineWidth) >= 2 ? '' : 'UNSEEN ') + name;
        }"""
    )
    return found


def tab_to(page: Page, name: str, most: int = 80) -> list[str]:
    """Tab until something has the focus; all that had it on the way."""
    way: list[str] = []
    while not way or not way[-1].startswith(name):
        assert len(way) < most, way
        page.keyboard.press("Tab")
        way.append(focused(page))
    return way


def test_who_is_nobody_or_no_operator_is_turned_away(browser: Browser, stack: RunningStack) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{stack.url}/ops")
    assert page.url == f"{stack.url}/ops/login"
    sign_in(page, stack.url, "grace@example.com")
    expect(page.get_by_role("alert")).to_contain_text("none of an operator")
    page.goto(f"{stack.url}/ops")
    assert page.url == f"{stack.url}/ops/login"
    context.close()


def test_a_primary_is_killed_and_the_next_one_shown_within_two_seconds(page: Page, stack: RunningStack) -> None:
    page.evaluate(WATCH)
    former = kill_primary(stack)
    done = wait_failed_over(stack, former)
    page.locator(f'[data-role=primary]:not([data-address="{former}"])').wait_for(state="attached", timeout=10_000)
    shown_at, primary = page.evaluate("() => window.shown")
    assert shown_at - done < 2.0

    # by its own time line, too, which is in order and to the millisecond
    line = page.locator("#moments")
    expect(line).to_contain_text(f"{primary} is the primary now; it was {former}")
    for kind in ("+sdown", "+odown", "+try-failover", "+switch-master"):
        expect(line.locator("li", has_text=kind).first).to_be_visible()
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", shown) for shown in line.locator("time").all_text_contents())
    moments = line.locator("time").evaluate_all("(all) => all.map((time) => time.dateTime)")
    assert moments == sorted(moments, reverse=True)
    switched = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('#moments li')]
          .filter((item) => item.textContent.includes('+switch-master'))
          .map((item) => Date.parse(item.querySelector('time').dateTime) / 1000))"""
    )
    assert shown_at - switched < 2.0
    expect(page.locator("#stale")).to_be_hidden()

    healthy = stack.wait_healthy(30)
    assert [node["address"] for node in healthy["redis"] if node["role"] == "primary"] == [primary]
    expect(page.locator("#summary")).to_contain_text(
        f"{primary} is primary; 2 of 2 replicas linked; 3 of 3 Sentinels name {primary}."
    )


def test_a_dead_letter_is_replayed_by_keyboard_alone(page: Page, stack: RunningStack) -> None:
    task_id, done = make_dead_letter(stack)
    name = f"Replay deliver {task_id}"
    page.get_by_label(name).wait_for(timeout=15_000)  # it came by itself
    page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    way = tab_to(page, name)
    assert [stop for stop in way if stop.startswith("UNSEEN")] == []
    done.parent.mkdir()
    page.keyboard.press("Enter")
    expect(page.locator(".done")).to_contain_text(f"Task {task_id} ")
    expect(page.locator(".done")).to_have_attribute("role", "status")
    until(done.exists, 20)
    expect(page.get_by_label(name)).to_have_count(0)


def test_a_session_is_revoked(page: Page, stack: RunningStack) -> None:
    grace = Client(stack.url)
    status, body = grace.call("POST", "/api/login", {"email": "grace@example.com", "password": "haven-demo"})
    assert status == 200
    grace.session_id = body["session_id"]
    assert grace.call("GET", "/api/protected")[0] == 200
    page.get_by_label("Of the user with the e-mail address").fill("grace@example.com")
    page.get_by_role("button", name="Show").click()
    table = page.get_by_role("table", name="Sessions of Grace Hopper")
    row = table.get_by_role("row", name="Python-urllib")
    row.locator("summary").click()
    row.get_by_role("button", name="Yes, end it").click()
    expect(page.locator(".done")).to_contain_text("of grace@example.com ended.")
    expect(page.get_by_text("Grace Hopper has no session.")).to_be_visible()
    assert grace.call("GET", "/api/protected")[0] == 401


def test_a_drill_is_started_and_its_report_read(page: Page) -> None:
    page.locator("summary", has_text="primary-handover …").click()
    page.get_by_role("button", name="Yes, break it: primary-handover").click()
    expect(page.locator(".done")).to_contain_text("The drill primary-handover begins.")
    expect(page.get_by_role("heading", name="A drill runs")).to_be_visible(timeout=10_000)
    expect(page.locator("[data-part=drills] pre")).to_contain_text("exit code", timeout=90_000)
    row = page.get_by_role("table", name="The last drills").get_by_role("row", name="primary-handover")
    row.get_by_role("link").click()
    report = page.frame_locator("iframe.report")
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    expect(report.locator("svg").first).to_be_visible()


def test_it_says_when_it_is_stale_and_comes_back_by_itself(page: Page, stack: RunningStack) -> None:
    frozen = web_processes(stack)
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    try:
        expect(page.locator("#stale")).to_be_visible(timeout=8_000)
        expect(page.locator("#stale")).to_have_attribute("role", "alert")
        expect(page.locator("#mode")).to_have_text("Stale")
        expect(page.locator("#age")).to_have_text(re.compile(r", [3-9] s old"))
    finally:
        for process in reversed(frozen):
            process.send_signal(signal.SIGCONT)
    expect(page.locator("#stale")).to_be_hidden(timeout=10_000)

    supervisor = psutil.Process(stack.pid)
    supervisor.suspend()  # or the page might notice nothing, so soon is there another
    try:
        web_processes(stack)[0].kill()
        expect(page.locator("#stale")).to_be_visible(timeout=10_000)
    finally:
        supervisor.resume()
    stack.wait_healthy(60)
    expect(page.locator("#stale")).to_be_hidden(timeout=20_000)
    expect(page.locator("#mode")).to_have_text("Live", timeout=30_000)


def test_where_no_stream_is_free_it_asks_every_second(page: Page, stack: RunningStack) -> None:
    page.route("**/ops/stream", lambda route: route.fulfill(status=503))
    page.reload()
    expect(page.locator("#mode")).to_have_text("Asked every second")
    page.evaluate(WATCH)
    former = kill_primary(stack)
    done = wait_failed_over(stack, former)
    page.locator(f'[data-role=primary]:not([data-address="{former}"])').wait_for(state="attached", timeout=10_000)
    assert page.evaluate("() => window.shown")[0] - done < 3.0
    expect(page.locator("#moments")).to_contain_text("+switch-master")


def test_a_viewer_whose_session_ends_is_told(browser: Browser, stack: RunningStack) -> None:
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, stack.url)
    page.get_by_text("Live", exact=True).wait_for()
    context.clear_cookies()
    expect(page.locator("#stale")).to_contain_text("signed out", timeout=15_000)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_it_can_be_read_on_a_phone_and_in_the_dark(
    browser: Browser, stack: RunningStack, signed_in: str, scheme: str, width: int
) -> None:
    context = browser.new_context(
        storage_state=signed_in,
        viewport={"width": width, "height": 740},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(f"{stack.url}/ops?user=ada@example.com")
    page.get_by_text("Live", exact=True).wait_for()
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= width
    for box in (section.bounding_box() for section in page.locator("section").all()):
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert page.evaluate("() => document.querySelector('svg text').getBoundingClientRect().height") >= 9
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(paper) < 200) == (scheme == "dark")
    ratio, text = page.evaluate(CONTRAST)
    assert ratio >= 4.5, text
    context.close()
