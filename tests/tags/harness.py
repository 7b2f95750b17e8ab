"""Random worlds into the real compiled models, on DuckDB in memory, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from siyu.build.database import prepare_build, write_previous
from siyu.build.materialization import build_model
from siyu.build.ops import write_channel_status
from siyu.compile.compiler import compile_project
from siyu.compile.graph import upstream
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.landing.channel_status import channel_status
from siyu.settings import load_settings
from tests.loading import load_rows
from tests.tags.differences import tags_in
from tests.tags.making import AS_OF, TABLES, TIMEZONE
from tests.tags.reference import Tags
from tests.tags.world import Settings, World

LOOKED_AT = ("tags.person_tag", "tags.account_tag")
# Built from the rows of the worlds. Everything else outside the schema tags is given as it is.
BUILT = ("journey.person_touch", "journey.deal_hold", "journey.account_deal_hold", "journey.person_exclusion")
READ = (
    "records.contact", "records.touch", "records.link", "records.deal", "records.ticket", "records.device",
    "identity.person", "identity.account", "identity.person_account", "identity.record_person", "identity.one_id",
    "journey.deal_hold", "journey.account_deal_hold", "journey.person_stage", "journey.account_stage",
    "journey.lead_score", "journey.exclusion",
)  # fmt: skip


def compiled(root: Path) -> Project:
    """The base layer's models over the reference tables of the worlds."""
    folder = root / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "tags, long enough to be one")
        return compile_project(load_settings(root, warehouse=root / "warehouse", layers=(root / "layer",)))


class Models:
    """An engine that holds all worlds at once; the models of the tags are built when it is made."""

    looked_at: tuple[str, ...] = LOOKED_AT
    built: tuple[str, ...] = BUILT
    read: tuple[str, ...] = READ

    def __init__(self, project: Project, rows: Mapping[str, list[dict[str, Any]]], scratch: Path) -> None:
        self.project, self.scratch = project, scratch
        self.engine = DuckEngine(None, RunInputs(AS_OF.isoformat(), TIMEZONE, "test"), threads=2)
        self.prepare()
        self.session = self.engine.session()
        write_channel_status(
            self.session, [channel_status(c, [], {}, [], AS_OF, TIMEZONE) for c in project.channels.values()]
        )
        write_previous(self.engine, project, {})
        given = {name for name in project.models if not self.is_built(name)}
        needed = upstream(
            {n: set() if n in given else reads for n, reads in project.graph.items()}, (*self.looked_at, *self.built)
        )
        references = {name for name in rows if name.startswith("reference.")}
        for name in given & {*needed, *self.read, *rows} | references:
            self._empty(name)
        for name, found in rows.items():
            load_rows(self.session, self.scratch, name, found)
        self.ordered = [name for name in project.models if name in needed and name not in given]
        self.build()

    def prepare(self) -> None:
        prepare_build(self.engine, self.project, [], Path(), [])

    def build(self) -> None:
        for name in self.ordered:
            build_model(self.engine, self.project, name)

    def is_built(self, name: str) -> bool:
        return name.startswith("tags.") or name in self.built

    def close(self) -> None:
        self.session.close()
        self.engine.close()

    def _empty(self, name: str) -> None:
        columns = self.project.binder.columns(relation(name))
        listed = ", ".join(f'"{column.name}" {column.type}' for column in columns)
        self.session.execute(f"create or replace table {relation(name)} ({listed})")

    def world(self) -> World:
        """What the models read, as the reference reads it."""
        return World(self.tables(), self.settings())

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of the tables that the rules look at, and of all reference tables."""
        listed = self.session.rows("select table_name from information_schema.tables where table_schema = 'reference'")
        every = [*self.read, *(f"reference.{name}" for (name,) in listed)]
        return {name: self.session.named_rows(f"select * from {name}") for name in every}

    def settings(self) -> Settings:
        domains = {name: contract.domain for name, contract in self.project.channels.items()}
        return Settings(AS_OF, TIMEZONE, self.project.variables, domains)

    def tags(self) -> Tags:
        person = self.session.rows("select one_id, tag_code, tag_value from tags.person_tag")
        account = self.session.rows("select account_id, tag_code, tag_value from tags.account_tag")
        return {"person": tags_in(person), "account": tags_in(account)}

    def scores(self) -> list[tuple[str, str, str, Any]]:
        """tag_code, one_id or account_id, value, score"""
        person = self.session.rows("select tag_code, one_id, tag_value, score from tags.person_tag")
        account = self.session.rows("select tag_code, account_id, tag_value, score from tags.account_tag")
        return [(row[0], row[1], row[2], row[3]) for row in person + account]
