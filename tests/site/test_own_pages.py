"""A page of a layer: it is added or replaces one, a query that fails costs its block, and mistakes are told at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.errors import ConfigError
from siyu.report.site.definitions import load_pages
from siyu.report.site.writing import SiteFacts, check_site, write_site
from siyu.settings import Settings, load_settings

PAGE = """
order: 5
title: {en: Regions, zh: 区域}
lead: {en: How regions do., zh: 各区域表现。}
blocks:
  - id: fine
    title: {en: People, zh: 人数}
    reads: [bi.person]
    sql: select province as place, count(*) as people, {as_of} as day from bi.person group by all order by all
    columns:
      place: {en: Place, zh: 地区}
      people: {en: People, zh: 人数, format: count}
  - id: broken
    title: {en: Broken, zh: 错误}
    reads: [bi.person]
    sql: select nobody from bi.person
    columns: {nobody: {en: Nobody, zh: 无}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "layer" / "pages").mkdir(parents=True)
    (tmp_path / "release").mkdir()
    with duckdb.connect(str(tmp_path / "release" / "siyu.duckdb")) as con:
        con.execute(
            "create schema bi; create table bi.person as select * from (values ('<b>江苏'), (null)) as t(province)"
        )
    return load_settings(tmp_path, layers=(tmp_path / "layer",), salt=None)


def _written(settings: Settings, text: str) -> tuple[list[str], Path]:
    root = settings.layers[0].parent
    (settings.layers[0] / "pages" / "regions.yml").write_text(text, encoding="utf-8")
    return write_site(root / "release", root / "site", SiteFacts("r", date(2026, 6, 30)), settings), root / "site"


def test_a_page_is_added_and_a_broken_query_costs_its_block(settings: Settings) -> None:
    problems, site = _written(settings, PAGE)
    assert [told.partition(": ")[0] for told in problems] == ["pages/regions.yml, broken"]
    page = (site / "index.html").read_text(encoding="utf-8")  # order 5 is before all others
    assert "&lt;b&gt;江苏" in page and "<b>江苏" not in page and 'data-value="1"' in page
    assert "the query cannot run" in page and "date &#39;2026-06-30&#39;" in page
    today = (site / "today.html").read_text(encoding="utf-8")
    assert "This release does not have kpi.kpi_value" in today


def test_all_mistakes_of_a_page_are_told_at_once(settings: Settings) -> None:
    wrong = PAGE.replace("format: count", "format: people").replace("id: broken", "id: fine").replace("order: 5", "")
    (settings.layers[0] / "pages" / "regions.yml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        check_site(settings.model_copy(update={"site": True}))
    told = str(raised.value)
    assert "order" in told and "blocks.0.columns.people.format" in told and "regions.yml:12" in told
    check_site(settings.model_copy(update={"site": False}))


def test_a_later_layer_replaces_a_page(settings: Settings) -> None:
    (settings.layers[0] / "pages" / "money.yml").write_text(PAGE, encoding="utf-8")
    titles = {page.name: page.title.en for page in load_pages(settings.roots)}
    assert titles["money"] == "Regions" and titles["today"] == "Today"


def test_without_a_release_the_command_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path))
    result = CliRunner().invoke(app, ["site", "--no-open"])
    assert result.exit_code == 2 and "there is no release yet" in result.stderr
