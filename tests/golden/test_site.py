"""The site of the sample's release: every figure is that of its table, nothing is loaded from elsewhere, links lead
somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.masking import LOOKS_MAIL, LOOKS_MOBILE
from siyu.report.site.definitions import load_pages
from siyu.report.site.writing import SiteFacts, write_site
from tests.golden.conftest import Ran
from tests.golden.site_pages import ShownBlock, ShownPage, read_page
from tests.shared import Shared

MOST_BYTES = 8_000_000
PAGES = load_pages([Path(__file__).resolve().parents[2]])
NAMES = ["index.html" if page is PAGES[0] else f"{page.name}.html" for page in PAGES]


@pytest.fixture(scope="session")
def site(shared: Shared, night: Ran) -> Path:
    """The site of the sample's night, written beside the release."""
    return shared.once("site", lambda root: _write(root / "site", night))


def _write(target: Path, night: Ran) -> Path:
    release = (night.settings.warehouse / "current").resolve()
    as_of = date.fromisoformat(json.loads((release / "manifest.json").read_text())["as_of"])
    assert write_site(release, target, SiteFacts(release.name, as_of), night.settings) == []
    return target


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, ShownPage]:
    return {name: read_page(site / name) for name in NAMES}


def _plain(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_that_of_its_table(night: Ran, pages: dict[str, ShownPage], name: str) -> None:
    """The query that a block shows is run again, by itself, on the file that analysts read."""
    blocks = [block for block in pages[name].blocks.values() if block.sql]
    assert blocks
    with night.connect() as con:
        for block in blocks:
            found = con.execute(block.sql)
            columns = [column[0] for column in found.description]
            rows = [dict(zip(columns, row, strict=True)) for row in found.fetchmany(500)]
            assert block.rows == [[_plain(row[head]) for head in block.heads] for row in rows if block.heads], block.id
            if block.cards:
                assert block.cards == {row["code"]: _plain(row["value"]) for row in rows}, block.id
            assert sorted(_drawn(block.figure)) == sorted(_drawn_of(name, block, rows)), block.id


def _drawn(figure: dict[str, Any]) -> Iterator[str]:
    """The numbers that a figure draws, apart from those that tell where something stands."""
    for trace in figure.get("data", ()):
        key = {"heatmap": "z", "sankey": ""}.get(trace["type"], "")
        values = trace["link"]["value"] if trace["type"] == "sankey" else trace[key or _length(trace)]
        if "base" in trace:  # a band, from its base upwards
            values = [*trace["base"], *(b if b is None else b + v for b, v in zip(trace["base"], values, strict=True))]
        yield from (_number(value) for value in values)


def _length(trace: dict[str, Any]) -> str:
    return "x" if trace.get("orientation") == "h" or trace["type"] == "funnel" else "y"


def _drawn_of(name: str, block: ShownBlock, rows: list[dict[str, Any]]) -> Iterator[str]:
    chart = next(b.chart for page, b in _defined() if page == name and b.id == block.id)
    if chart is None or not rows:
        return
    columns = [chart.value] if chart.value else [*chart.y, *chart.band, *chart.marks]
    for column in columns:
        yield from (_number(row[column]) for row in rows)


def _number(value: Any) -> str:
    return "none" if value is None else f"{float(value):.6g}"


def _defined() -> Iterator[tuple[str, Any]]:
    for page, name in zip(PAGES, NAMES, strict=True):
        yield from ((name, block) for block in page.blocks)


def test_headline_figures_are_those_of_the_kpis(night: Ran, pages: dict[str, ShownPage]) -> None:
    """Computed another way: no query of a page is used."""
    cards = pages["index.html"].blocks["headline"].cards
    with night.connect() as con:
        found = con.execute(
            "select kpi_code, arg_max(value, as_of_date) from kpi.kpi_value where dimension = 'total'"
            " and value is not null and status <> 'immature' group by kpi_code"
        ).fetchall()
    known = {code: Decimal(value) for code, value in found}
    assert cards
    assert {code: Decimal(value) for code, value in cards.items()} == {code: known[code] for code in cards}


@pytest.mark.parametrize(("page", "block"), [pytest.param(n, b, id=f"{n}-{b.id}") for n, b in _defined()])
def test_a_block_names_what_it_reads(night: Ran, page: str, block: Any) -> None:
    """Without one of its tables a block must not run: that is how a release without a family shows it."""
    read = set(re.findall(r"\b(?:from|join)\s+([a-z_]+\.[a-z0-9_]+)", block.sql))
    assert read == set(block.reads)
    with night.connect() as con:
        known = {f"{s}.{t}" for s, t in con.execute(
            "select schema_name, table_name from duckdb_tables()"
            " union all select schema_name, view_name from duckdb_views()").fetchall()}  # fmt: skip
    assert set(block.reads) <= known


def test_charts_are_figures_that_plotly_accepts(pages: dict[str, ShownPage]) -> None:
    import plotly.graph_objects as go

    figures = [block.figure for page in pages.values() for block in page.blocks.values() if block.figure]
    assert figures
    for figure in figures:
        go.Figure(_in_english(figure))


def _in_english(value: Any) -> Any:
    """A figure as the script of the site dresses it."""
    if isinstance(value, dict):
        return value["en"] if value.keys() == {"en", "zh"} else {key: _in_english(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_english(item) for item in value]
    return "Viridis" if value == "@scale" else "#123456" if re.fullmatch("@[a-z0-9]+(/[0-9]+)?", str(value)) else value


def test_nothing_comes_from_elsewhere_and_links_lead_somewhere(site: Path, pages: dict[str, ShownPage]) -> None:
    anchors = set(re.findall(r'id="([^"]+)"', (site / "on-call.html").read_text(encoding="utf-8")))
    data = json.loads((site / "catalog-data.js").read_text(encoding="utf-8").split("=", 1)[1].rstrip(";\n"))
    entries = {f"table.{t['name']}" for t in data["tables"]} | {f"kpi.{k['name']}" for k in data["kpis"]}
    entries |= {f"tag.{t['name']}" for t in data["tags"]} | {f"segment.{s['name']}" for s in data["segments"]}
    for page in pages.values():
        assert all((site / file).is_file() for file in page.loaded if not file.startswith("data:"))
        for link in page.links:
            file, _, place = link.partition("#")
            assert not file or (site / file).is_file(), link
            if file == "on-call.html" and place:
                assert place in anchors, link
            if file == "catalog.html" and place:
                assert place in entries, link


def test_the_site_is_small_and_shows_nobody(site: Path) -> None:
    files = list(site.iterdir())
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    for file in files:
        if file.suffix == ".html" and file.name != "on-call.html":  # its examples have invented numbers
            text = file.read_text(encoding="utf-8")
            assert not re.search(LOOKS_MOBILE, text), file.name
            assert not re.search(LOOKS_MAIL, text), file.name


def test_a_family_that_is_left_out_costs_its_blocks_only(night: Ran, tmp_path: Path) -> None:
    release = (night.settings.warehouse / "current").resolve()
    with duckdb.connect(str(tmp_path / "siyu.duckdb")) as con:
        con.execute(f"attach '{release / 'siyu.duckdb'}' as whole (read_only)")
        for table in ("ops.run", "ops.check_result", "ops.channel_status", "ops.field_reject"):
            con.execute(
                f"create schema if not exists {table.split('.')[0]}; create table {table} as from whole.{table}"
            )
    assert write_site(tmp_path, tmp_path / "site", SiteFacts("small", date(2026, 6, 30)), night.settings) == []
    blocks = read_page(tmp_path / "site" / "trust.html").blocks
    assert blocks["channels"].rows
    assert "identity.identity_metric" in blocks["match_rate"].text
