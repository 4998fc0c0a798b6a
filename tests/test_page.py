"""The page in a real Chromium against a real server; skipped, and saying so, where there is no browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.test_server import free_port, start

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (apt-get install chromium fonts-wqy-zenhei)")
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process = start(tmp_path_factory.mktemp("page"), port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=10)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield found
        found.close()


@pytest.fixture
def page(browser: "Browser", server: str) -> "Iterator[Page]":
    """The page on a phone, watched: no fault in its console, no request to any other host."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request", lambda request: None if request.url.startswith((server, "data:")) else faults.append(request.url)
    )
    opened.goto(server)
    yield opened
    assert faults == []
    context.close()


def ask(page: "Page", question: str) -> None:
    page.get_by_role("textbox").fill(question)
    page.get_by_role("textbox").press("Enter")


def test_a_question_gets_the_recipe_with_its_source(page: "Page") -> None:
    ask(page, "可乐鸡翅怎么做")
    page.get_by_role("heading", name="可乐鸡翅", exact=True).wait_for()
    page.get_by_role("table").wait_for()
    page.get_by_text("食神自带菜谱《可乐鸡翅》").first.wait_for()
    assert page.get_by_role("row").count() >= 6
    assert page.get_by_role("listitem").count() >= 5
    # Nothing runs off a phone's screen.
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_an_example_can_be_tapped(page: "Page") -> None:
    page.locator("#examples button").first.click()
    page.get_by_role("table").first.wait_for()


def test_a_refusal_offers_neighbours_to_tap(page: "Page") -> None:
    ask(page, "可乐排骨")
    page.get_by_text("没有「可乐排骨」").first.wait_for()
    page.get_by_role("button", name="可乐鸡翅").first.click()
    page.get_by_role("heading", name="可乐鸡翅", exact=True).wait_for()


def test_what_is_typed_is_never_markup(page: "Page") -> None:
    ask(page, "<img src=x onerror=alert(1)>**粗**")
    page.get_by_text("<img src=x onerror=alert(1)>").first.wait_for()
    assert page.locator("#conversation img").count() == 0


def test_the_conversation_survives_a_reload_and_can_be_begun_again(page: "Page") -> None:
    ask(page, "麻婆豆腐")
    page.get_by_role("heading", name="麻婆豆腐", exact=True).wait_for()
    page.get_by_text("食神自带菜谱《麻婆豆腐》").first.wait_for()
    page.reload()
    page.get_by_role("heading", name="麻婆豆腐", exact=True).wait_for()
    page.get_by_role("button", name="重新开始").click()
    assert page.get_by_role("heading", name="麻婆豆腐", exact=True).count() == 0


def test_screenshot_is_not_blank(page: "Page", tmp_path: Path) -> None:
    ask(page, "红烧肉")
    page.get_by_role("table").wait_for()
    picture = tmp_path / "page.png"
    page.screenshot(path=str(picture))
    assert picture.stat().st_size > 20_000
