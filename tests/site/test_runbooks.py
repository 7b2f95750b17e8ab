"""The runbooks as a page: headings have the anchors that links name, and documents that are not here have no link."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.report import runbooks as page

TEXT = """# On-call

## A wrong clock

See [deploy](deploy.md#x), [here](#a-wrong-clock), <b>bold</b>.

| a |
| --- |
| 1 |
"""


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "on-call.md").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(page, "base_layer", lambda: tmp_path)
    page.runbooks.cache_clear()
    yield tmp_path / "docs"
    page.runbooks.cache_clear()


def test_headings_are_anchors_and_markup_is_text(docs: Path) -> None:
    found = page.runbooks()
    assert '<h2 id="a-wrong-clock">' in found and '<a href="#a-wrong-clock">' in found and "<td>1</td>" in found
    assert "&lt;b&gt;bold" in found


def test_links_to_other_documents_lead_to_the_folder_that_is_known(docs: Path) -> None:
    assert not re.search('href="deploy', page.runbooks())
    assert 'href="https://wiki/siyu/docs/deploy.md#x"' in page.runbooks("https://wiki/siyu/docs")


def test_without_the_document_the_page_says_so(docs: Path) -> None:
    (docs / "on-call.md").unlink()
    page.runbooks.cache_clear()
    assert "has no docs/on-call.md" in page.runbooks()


def test_a_runbook_is_a_place_on_the_page_beside() -> None:
    assert page.runbook_link("docs/on-call.md#one-id") == "on-call.html#one-id"
    assert page.runbook_link("https://wiki/other") == "https://wiki/other"


@pytest.mark.parametrize(
    "evil", ["javascript:alert(1)", "data:text/html,x", "//evil.example", 'x.html" onclick="y', "../x"]
)
def test_nothing_else_is_a_link(evil: str) -> None:
    assert page.runbook_link(evil) == page.safe_link(evil) == ""
