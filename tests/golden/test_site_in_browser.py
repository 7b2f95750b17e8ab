"""A browser walks the site: no error, no request to elsewhere, no sideways scrolling, nothing that axe finds serious;
language, theme, tables, charts, catalog and runbooks work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.golden.test_site import NAMES, site  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
# A browser that asks nobody but the page.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ALL = [*NAMES, "catalog.html", "catalog.html#column.kpi.revenue_bridge.amount", "on-call.html"]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on this machine"),
    pytest.mark.xdist_group("site_in_browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield opened
        opened.close()


class Visit:
    """A page in a window, and what went wrong in it."""

    def __init__(self, browser: Browser, folder: Path, width: int, language: str, theme: Any) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=language, color_scheme=theme
        )  # fmt: skip
        self.folder, self.wrong = folder, []
        self.page: Page = context.new_page()
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on(
            "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else self.wrong.append(r.url)
        )

    def open(self, name: str) -> Page:
        self.page.goto(f"file://{self.folder / name}")
        return self.page

    def draw_everything(self) -> None:
        """Scroll through the page, and wait until each chart is drawn: one that was only rushed past is not."""
        for chart in self.page.query_selector_all("script.plot"):
            chart.evaluate("one => one.previousElementSibling.scrollIntoView()")
            self.page.wait_for_function("one => one.previousElementSibling.dataset.drawn", arg=chart)


@pytest.mark.parametrize(("width", "language", "theme"), [(1440, "en-US", "light"), (390, "zh-CN", "dark")])
def test_every_page_is_whole(browser: Browser, site: Path, width: int, language: str, theme: str) -> None:  # noqa: F811
    from axe_playwright_python.sync_playwright import Axe

    visit = Visit(browser, site, width, language, theme)
    for name in ALL:
        page = visit.open(name)
        visit.draw_everything()
        assert page.evaluate("document.documentElement.dataset.lang") == language[:2]
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
        found = Axe().run(page, options={"preload": False, "resultTypes": ["violations"]}).response["violations"]
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, f"{name}: {serious}"
        assert not visit.wrong, f"{name}: {visit.wrong}"


def test_language_and_theme_can_be_chosen_and_are_kept(browser: Browser, site: Path) -> None:  # noqa: F811
    visit = Visit(browser, site, 1440, "en-US", "light")
    page = visit.open("money.html")
    visit.draw_everything()
    assert page.locator("h1").inner_text() == "Money"
    page.locator("#lang").click()
    page.locator("#theme").click()
    assert page.locator("h1").inner_text() == "收入"
    page.wait_for_function("document.querySelector('.chart').dataset.drawn === 'zh'")
    assert "上月" in page.locator("#revenue_bridge .chart").inner_text()
    page = visit.open("index.html")
    assert page.locator("h1").inner_text() == "今日"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not visit.wrong


def test_the_catalog_is_searched_and_a_failing_check_is_opened(browser: Browser, site: Path) -> None:  # noqa: F811
    visit = Visit(browser, site, 1440, "en-US", "light")
    page = visit.open("catalog.html")
    page.fill("#search", "revenue_bridge")
    assert page.locator("#list a").first.inner_text() == "kpi.revenue_bridge"
    page.locator("#list a").first.click()
    assert "how much of the change" in page.locator("#detail").inner_text().lower()
    page.locator("#detail summary").click()
    page.wait_for_selector("#detail pre")
    assert "select" in page.locator("#detail pre").inner_text()
    page.locator("#detail td a", has_text="to_amount").first.click()
    page.wait_for_selector("#detail .sankey")
    page = visit.open("trust.html")
    page.locator("#failed_checks td a", has_text="human decision").first.click()
    page.wait_for_url("**/on-call.html#a-human-decision")
    assert page.locator(":target").inner_text() == "A human decision"
    assert not visit.wrong


def test_a_table_is_sorted_and_unfolded(browser: Browser, site: Path) -> None:  # noqa: F811
    visit = Visit(browser, site, 1440, "en-US", "light")
    page = visit.open("trust.html")
    rows = page.locator("#identity tbody tr:visible")
    assert rows.count() == 12
    page.locator("#identity th", has_text="Value").locator("button").click()
    values = [float(v) for v in page.eval_on_selector_all(
        "#identity tbody tr:not(.over) td:nth-child(3)", "cells => cells.map(c => c.dataset.value)")]  # fmt: skip
    assert values == sorted(values, reverse=True)
    page.locator("#identity .more").click()
    assert rows.count() > 12
    assert not visit.wrong
