"""Write the site of a release: a page for each file of pages/, their style and scripts, and Plotly's script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from siyu.engines.amounts import part
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.errors import EngineFault
from siyu.release.releases import INDEX, PUBLIC
from siyu.report.runbooks import PAGE as RUNBOOKS
from siyu.report.runbooks import runbooks
from siyu.report.site import catalog_data
from siyu.report.site.cards import cards
from siyu.report.site.charts import figure
from siyu.report.site.definitions import Page, Words, load_pages
from siyu.report.site.rows import read_rows, script_json
from siyu.report.templating import ASSETS, render
from siyu.seeds.variables import load_vars
from siyu.settings import Settings

FILES = ("site.css", "look.js", "site.js", catalog_data.SCRIPT)
PLOTLY = "plotly.min.js"
ALIAS = "public"
PARTS = 4  # of the memory limit, beside a night whose own engine still holds its share
CATALOG = Words(en="Catalog", zh="目录")


@dataclass(frozen=True)
class SiteFacts:
    """What every page says about its release."""

    release: str
    as_of: date
    currency: str = ""


def write_site(source: Path, target: Path, facts: SiteFacts, settings: Settings) -> list[str]:
    """Write the site of the release in `source` into `target`. Return the problems of blocks that show none.

    It reads only the public file, so it has no personal values. Raises ConfigError if a page is wrong.
    """
    pages = load_pages(settings.roots)
    target.mkdir(parents=True, exist_ok=True)
    facts = replace(facts, currency=load_vars(settings)["currency"])
    inputs = RunInputs(facts.as_of.isoformat(), settings.timezone, "")
    engine = DuckEngine(
        None, inputs, threads=settings.cores, memory_limit=part(settings.memory_limit, PARTS),
        temp_directory=settings.warehouse.resolve() / "build" / "spill-site", reach=[source],
    )  # fmt: skip
    try:
        engine.attach(source / PUBLIC, ALIAS, writable=False)
        session = engine.session()
        session.execute(f"use {ALIAS}")
        problems = [told for page in pages for told in _write_page(session, page, pages, target, facts)]
        _write_catalog(session, pages, target, facts)
        _write_runbooks(pages, target, facts, settings.notify_docs)
        session.close()
    finally:
        engine.close()
    for name in FILES:
        shutil.copyfile(ASSETS / name, target / name)
    shutil.copyfile(_plotly(), target / PLOTLY)
    return problems


def check_site(settings: Settings) -> None:
    """Raise ConfigError or EngineFault if the site of a release could not be written, unless the setting is off."""
    if settings.site:
        load_pages(settings.roots)
        _plotly()


def _write_page(session: Session, page: Page, pages: Sequence[Page], target: Path, facts: SiteFacts) -> Iterator[str]:
    known = tables(session)
    found = [read_rows(session, block, known, facts.as_of) for block in page.blocks]
    text = render("site_page.html", **context(pages, page, facts), blocks=found)
    (target / file_name(page, pages)).write_text(text, encoding="utf-8")
    yield from (f"pages/{page.name}.yml, {one.block.id}: {one.error}" for one in found if one.error)


def _write_catalog(session: Session, pages: Sequence[Page], target: Path, facts: SiteFacts) -> None:
    catalog_data.write_catalog(session, tables(session), target)
    text = render("site_catalog.html", **context(pages, None, facts, catalog_data.PAGE))
    (target / catalog_data.PAGE).write_text(text, encoding="utf-8")


def _write_runbooks(pages: Sequence[Page], target: Path, facts: SiteFacts, docs: str) -> None:
    values = context(pages, None, facts) | {"runbooks": runbooks(docs)}
    (target / RUNBOOKS).write_text(render("site_on_call.html", **values), encoding="utf-8")


def context(pages: Sequence[Page], page: Page | None, facts: SiteFacts, file: str = "") -> dict[str, Any]:
    """Return what the frame of every page needs. A page that is no file of pages/ gives the name of its own file."""
    links = [(file_name(one, pages), one.title, one is page) for one in pages]
    links.append((catalog_data.PAGE, CATALOG, file == catalog_data.PAGE))
    return {
        "page": page, "links": links, "facts": facts, "cards": cards, "figure": figure, "script_json": script_json,
        "has_amounts": has_amounts,
    }  # fmt: skip


def has_amounts(page: Page) -> bool:
    """Return whether a page shows money, so that it has to say in which currency."""
    return any(column.format == "amount" for block in page.blocks for column in block.columns.values())


def file_name(page: Page, pages: Sequence[Page]) -> str:
    """Return the file of a page: the first one is the index."""
    return INDEX if page is pages[0] else f"{page.name}.html"


def tables(session: Session) -> list[str]:
    """Return the tables and views of the release."""
    rows = session.rows(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?"
        " union all select schema_name || '.' || view_name from duckdb_views() where database_name = ?",
        [ALIAS, ALIAS],
    )
    return [name for (name,) in rows]


def _plotly() -> Path:
    """Return Plotly's script, which its package carries. The package itself is not imported."""
    spec = find_spec("plotly")
    path = Path(spec.origin).parent / "package_data" / PLOTLY if spec and spec.origin else None
    if path is None or not path.is_file():
        raise EngineFault("the package plotly is missing or damaged", str(path or "plotly"), "install siyu again.")
    return path
