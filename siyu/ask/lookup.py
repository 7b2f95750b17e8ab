"""Look something up in the current release, by ID or by an identifier in any spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from siyu.ask.absent_families import require_family
from siyu.ask.raw_values import identifiers_of_record, with_record_ids
from siyu.compile.macro_sql import expression
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, WrongQuestion, nearest
from siyu.release.releases import PUBLIC, RESTRICTED, Release, current
from siyu.seeds.decisions import RECORD
from siyu.seeds.identifier_types import IdentifierTypes, load_identifier_types
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.references import Reference, load_references, reference_rows
from siyu.settings import Settings


@dataclass(frozen=True)
class Entity:
    """The tables of persons or of companies. `id` and `key` are columns of the table `map`."""

    name: str
    letter: str
    map: str
    id: str
    key: str
    edge: str
    history: str
    alias: str
    golden: str


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity("person", "P", "one_id", "one_id", "person_key", "edge", "one_id_history", "one_id_alias", "person"),
        Entity(
            "company", "C", "account_id", "account_id", "account_key", "company_edge", "account_id_history",
            "account_id_alias", "account",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Identifier:
    """An identifier of the release.

    `key` and `one_id` belong to its owner and are None if it belongs to nobody. For a company, `one_id` is the
    account_id. `named` is how people write the identifier, if that differs from its value.
    """

    entity: str
    id_type: str
    id_value: str
    status: str
    node: int | None
    key: int | None
    one_id: str | None
    named: str = ""

    @property
    def text(self) -> str:
        """The identifier as text, such as mobile:+8613912345678; a company name as people write it."""
        return f"{self.id_type}:{self.named or self.id_value}"


class Lookup:
    """The current release, open for reading. Its restricted file has personal values, its public file has none."""

    def __init__(self, settings: Settings, release: Release, session: Session) -> None:
        self.settings, self.release, self.session = settings, release, session

    @cached_property
    def references(self) -> dict[str, Reference]:
        """The reference tables in force."""
        return load_references(self.settings)

    @cached_property
    def types(self) -> IdentifierTypes:
        """The identifier types in force."""
        table, words = self.references["identifier_types"], self.references["placeholder_words"]
        placeholders = load_placeholders(reference_rows(words), str(words.path))
        return load_identifier_types(reference_rows(table), str(table.path), placeholders)

    @cached_property
    def _tables(self) -> dict[str, str]:
        found = self.session.rows(
            "from (select database_name, schema_name, table_name from duckdb_tables()"
            " union all select database_name, schema_name, view_name from duckdb_views())"
            " where database_name in ('public', 'restricted') order by database_name"
        )
        return {f"{schema}.{table}": f"{database}.{schema}.{table}" for database, schema, table in found}

    def table(self, name: str, schema: str = "identity") -> str:
        """Return the relation of a table: the restricted file has it, or else the public file, with raw record IDs.

        Raises WrongQuestion if the release does not have the table.
        """
        found = self.relation(name, schema)
        return with_record_ids(found, self.columns_of(found), self._tables.get("identity.record_person", ""))

    def identifiers_of_record(
        self, shape: str, id_types: Sequence[tuple[str, str]], channel: str, record_id: str
    ) -> list[dict[str, Any]]:
        """Return the identifiers on a record of a shape by column; `id_types` are pairs of type and column."""
        table, records = self.relation(shape, "records"), self.relation("record_person", "identity")
        identifiers = self.relation("identifier", "identity")
        query = identifiers_of_record(table, self.columns_of(table), id_types, records, identifiers)
        return self.session.named_rows(query, [channel, record_id])

    def columns_of(self, table: str) -> set[str]:
        """Return the names of the columns of a relation."""
        return {column.name for column in self.session.columns(f"select * from {table}")}

    def relation(self, name: str, schema: str) -> str:
        """Return the relation of a table as the release has it. Raises WrongQuestion if it has no such table."""
        found = self._tables.get(f"{schema}.{name}")
        if found is None:
            require_family(self.release, schema, f", so it has no table {schema}.{name}")
            raise WrongQuestion(
                f"the release has no table {schema}.{name}",
                str(self.release.path),
                "an earlier version of siyu built this release: siyu run builds a new one.",
            )
        return found

    def has(self, name: str, schema: str) -> bool:
        """Whether the release has a table. Not every deployment publishes records."""
        return f"{schema}.{name}" in self._tables

    def entity_of(self, id_type: str) -> Entity:
        """Return the entity that a type identifies. Raises WrongQuestion if it identifies none."""
        known = [*self.types.of("person"), *self.types.of("company")]
        if id_type == RECORD:  # a record that a human linked is an identifier of its own
            return ENTITIES["person"]
        if id_type not in known:
            close = nearest(id_type, known) if len(id_type) > 2 else ""
            fix = close or f"expected one of {', '.join(known)}; write a record as record:<channel>:<record_id>."
            raise WrongQuestion(f"unknown identifier type {id_type!r}", "", fix)
        return ENTITIES[self.types.named(id_type).entity]

    def identifier(self, text: str) -> Identifier:
        """Find `id_type:id_value`, with the value in any spelling that a channel may deliver.

        Raises WrongQuestion if no record carries it.
        """
        id_type, _, typed = text.partition(":")
        self.entity_of(id_type)
        named = self.normal(id_type, typed)
        value = self._key_of(named) if id_type == "company_name" else named
        found = self.known(id_type, value, named)
        if found is None:
            shown = "" if named == typed else f" (typed as {typed})"
            raise WrongQuestion(
                f"no record carries {id_type}:{named}{shown}",
                f"the release {self.release.name}",
                "check it for a typo; data that landed since then is known after the next siyu run.",
            )
        return found

    def known(self, id_type: str, value: str, named: str = "") -> Identifier | None:
        """Find an identifier by its type and value in the release; None if no record carries it."""
        entity = self.entity_of(id_type)
        rows = self.session.rows(
            f"select i.status, i.node, m.{entity.key}, m.{entity.id} from {self.table('identifier')} as i"
            f" left join {self.table(entity.map)} as m using (id_type, id_value)"
            " where i.id_type = ? and i.id_value = ?",
            [id_type, value],
        )
        if not rows:
            return None
        status, node, key, one_id = rows[0]
        return Identifier(entity.name, id_type, value, status, node, key, one_id, named)

    def unique_identifiers(self, of: Identifier) -> dict[str, str]:
        """Return id_type -> `id_type:id_value` for the unique types that the owner of an identifier has."""
        entity = ENTITIES[of.entity]
        rows = self.session.rows(
            f"select id_type, min(id_type || ':' || id_value) from {self.table(entity.map)} where {entity.key} = ?"
            " group by id_type order by id_type",
            [of.key],
        )
        return {id_type: text for id_type, text in rows if self.types.named(id_type).is_unique}

    def as_identifier(self, entity: Entity, row: dict[str, Any]) -> Identifier:
        """Return a row of an ID map as an Identifier."""
        return Identifier(entity.name, row["id_type"], row["id_value"], "used", row["node"], None, None)

    def reference(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a reference table in force."""
        return reference_rows(self.references[name])

    def _key_of(self, name: str) -> str:
        """Return the key of a company name. An unknown name is returned unchanged: it may be a key itself."""
        found = self.session.value(f"select name_key from {self.table('company_name')} where company_name = ?", [name])
        return str(found) if found else name

    def normal(self, id_type: str, typed: str) -> str:
        """Return the normal form of an identifier. Raises WrongQuestion if the text is not valid for the type."""
        sql = expression(self.settings, self.types, f"{{{{ normal_identifier('{id_type}', 'v') }}}}")
        value: str | None = self.session.value(f"select {sql} from (select cast(? as varchar) as v)", [typed])
        if value is None:
            raise WrongQuestion(f"{typed!r} is not a valid {id_type}", f"{id_type}:{typed}", "check it for a typo.")
        return value

    def anchor(self, one_id: str) -> Identifier:
        """Return the identifier that an ID is made of. Raises WrongQuestion, with the heir, if nobody has the ID."""
        entity = _entity_of_id(one_id)
        rows = self.session.rows(
            f"select id_type, id_value, 'used', node, {entity.key}, {entity.id}"
            f" from {self.table(entity.map)} where {entity.id} = ? and is_anchor",
            [one_id],
        )
        if rows:
            return Identifier(entity.name, *rows[0])
        heir, since = self.heir(one_id) or (None, None)
        fix = (
            f"{heir} took its place." if heir else f"it was withdrawn on {since}." if since else "check it for a typo."
        )
        raise WrongQuestion(f"nobody has the ID {one_id}", f"the release {self.release.name}", fix)

    def heir(self, one_id: str) -> tuple[str | None, str] | None:
        """Return (successor, date) of a former ID, or None for any other ID. A withdrawn ID has the successor None."""
        entity = _entity_of_id(one_id)
        rows = self.session.rows(
            f"select {entity.id}, since_date from {self.table(entity.alias)}"
            f" where former_{entity.id} = ? and is_primary and {entity.id} is distinct from former_{entity.id}",
            [one_id],
        )
        return (rows[0][0], str(rows[0][1])) if rows else None

    def find(self, text: str) -> Identifier:
        """Find an identifier by ID or by its own text. Raises WrongQuestion if the text is neither."""
        text = text.strip().replace("：", ":", 1)
        if ":" in text:
            return self.identifier(text)
        if is_id(text):
            return self.anchor(text)
        raise WrongQuestion(
            f"{text!r} is neither an ID nor an identifier",
            "",
            "write an ID (P or C and 20 hex digits), or id_type:id_value, such as mobile:13912345678.",
        )


def is_id(text: str) -> bool:
    """Whether a text has the form of an ID."""
    return re.fullmatch("[PC][0-9a-f]{20}", text) is not None


def _entity_of_id(one_id: str) -> Entity:
    return next(entity for entity in ENTITIES.values() if one_id.startswith(entity.letter))


@contextmanager
def current_release(settings: Settings, is_raw: bool = True) -> Iterator[Lookup]:
    """Open the current release: both files, or only the public one, which has no personal values.

    Raises ConfigError if there is no release yet, or if a file of it is missing or may not be read.
    """
    release = current(settings.warehouse)
    if release is None:
        raise ConfigError("there is no release yet", str(settings.warehouse), "siyu run builds the first one.")
    engine = DuckEngine(
        None,
        RunInputs(release.as_of.isoformat(), settings.timezone, ""),
        threads=settings.cores,
        memory_limit=settings.memory_limit,
        reach=[release.path],
    )
    try:
        for alias, file in (("public", PUBLIC), ("restricted", RESTRICTED))[: 2 if is_raw else 1]:
            engine.attach(_readable(release.path / file), alias, writable=False)
        session = engine.session()
        yield Lookup(settings, release, session)
        session.close()
    finally:
        engine.close()


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise ConfigError(
            f"the release has no {path.name}", str(path), "the file was removed; siyu run --force builds a new release."
        )
    try:
        path.open("rb").close()
    except PermissionError as error:
        fix = "only its owner may read personal values: ask whoever runs siyu."
        raise ConfigError(f"you may not read {path.name} of the release", str(path), fix) from error
    return path
