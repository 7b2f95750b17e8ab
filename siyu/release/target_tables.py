"""What a BI target has to hold for a release: tables, columns with comments, keys and indexes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from siyu.compile.ops_schema import OPS_TABLES
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.release.columns import HASH
from siyu.release.releases import Release
from siyu.release.target_types import target_expression, target_type

FILE, RAW = "release", "restricted"  # how the files of a release are attached
LONGEST_NAME = 57  # bytes: PostgreSQL cuts names of more than 63, and siyu adds up to 6
LONGEST_KEY = 2_000  # bytes of all key columns together; a page of an index takes rows of up to 2,704
# Columns by which dashboards join and filter.
INDEXED = (
    "one_id", "account_id", "person_key", "account_key", "entity_id", "record_id_hash", "kpi_code", "tag_code",
    "segment",
)  # fmt: skip
DATED = "_date"


@dataclass(frozen=True)
class TargetColumn:
    """A column of a table of the target. `sql` is its expression over the table of the release."""

    name: str
    type: str
    sql: str
    comment: str


@dataclass(frozen=True)
class TargetTable:
    """A table of the target. `relation` is the table of the release; `digest` changes with its content."""

    schema: str
    name: str
    relation: str
    digest: str
    columns: tuple[TargetColumn, ...]
    comment: str
    key: tuple[str, ...] = field(default=())
    is_restricted: bool = False

    @property
    def shown(self) -> str:
        """schema.table, for messages."""
        return f"{self.schema}.{self.name}"

    @cached_property
    def indexes(self) -> tuple[tuple[str, ...], ...]:
        """The columns of each index beside the key."""
        names = [column.name for column in self.columns]
        chosen = [name for name in names if name in INDEXED]
        dates = [c.name for c in self.columns if c.type == "date" and c.name.endswith(DATED)]
        keyed = [name for name in dates if name in self.key]
        chosen += keyed or dates[:1]
        return tuple((name,) for name in chosen if (name,) != self.key[:1])

    @cached_property
    def definition(self) -> str:
        """A hash of everything but the content."""
        told = [repr((c.name, c.type, c.sql, c.comment)) for c in self.columns]
        told += [self.comment, repr(self.key), repr(self.indexes)]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

    @property
    def query(self) -> str:
        """The query over the release whose rows the table gets."""
        listed = ", ".join(f"{column.sql} as {quote_name(column.name)}" for column in self.columns)
        return f"select {listed} from {self.relation}"


def target_tables(
    session: Session, release: Release, prefix: str, restricted_schema: str, with_restricted: bool
) -> list[TargetTable]:
    """Return the tables of a release whose files are attached. Names are cut to what PostgreSQL takes."""
    facts = _Facts(_grains(session), _descriptions(session))
    found = _of_file(session, release, FILE, facts)
    tables = [replace(table, schema=f"{prefix}{table.schema}") for table in found]
    if with_restricted:
        # Their names are unique, so one schema can hold all of them.
        found = _of_file(session, release, RAW, facts)
        tables += [replace(table, schema=restricted_schema, is_restricted=True) for table in found]
    return tables


@dataclass(frozen=True)
class _Facts:
    """What the release says about its tables. `described` maps (table, column) to a text; a table's own is at ''."""

    grains: Mapping[str, tuple[str, ...]]
    described: Mapping[tuple[str, str], str]


def _of_file(session: Session, release: Release, alias: str, facts: _Facts) -> list[TargetTable]:
    """Return the tables of one file, and what its views yield as tables."""
    columns: dict[tuple[str, str], list[TargetColumn]] = {}
    for own, name, column, kind, told in session.rows(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = ? and not internal order by 1, 2, column_index", [alias]
    ):  # fmt: skip
        comment = told or facts.described.get((f"{own}.{name}", column), "")
        made = TargetColumn(_cut(column), target_type(kind), target_expression(column, kind), comment)
        columns.setdefault((own, name), []).append(made)
    comments = session.rows(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = ?"
        " union all select schema_name, view_name, comment from duckdb_views() where database_name = ?", [alias] * 2
    )  # fmt: skip
    told_by = {(own, name): told for own, name, told in comments}
    found = []
    for (own, name), listed in columns.items():
        full, relation = f"{own}.{name}", f"{alias}.{quote_name(own)}.{quote_name(name)}"
        digest = release.manifest["tables"].get(full, {}).get("content_hash")
        if digest is None:  # schema ops has no hashes in the manifest
            digest = session.content_hash(relation)[1]
        comment = told_by[own, name] or facts.described.get((full, ""), "")
        key = _key(listed, facts.grains.get(full, ()))
        found.append(TargetTable(own, _cut(name), relation, digest, tuple(listed), comment, key))
    return found


def _cut(name: str) -> str:
    """Return a name that PostgreSQL takes as it is: a long one ends with a hash of itself."""
    data = name.encode()
    if len(data) <= LONGEST_NAME:
        return name
    end = f"_{hashlib.sha256(data).hexdigest()[:8]}"
    return data[: LONGEST_NAME - len(end)].decode(errors="ignore") + end


def _grains(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the grain of each table, as the release's own catalog names it."""
    rows = session.rows(f"select model, grain from {FILE}.ops.model where grain is not null")
    found = {model: tuple(name.strip() for name in grain.split(",") if name.strip()) for model, grain in rows}
    return found | {f"ops.{name}": table.grain for name, table in OPS_TABLES.items()}


def _descriptions(session: Session) -> dict[tuple[str, str], str]:
    """(table, column) -> description; the column of a table's own is ''. The restricted file has no comments."""
    rows = session.rows(f'select model, column_name, description from {FILE}.ops."column"')
    tables = session.rows(f"select model, '', description from {FILE}.ops.model")
    added = session.rows(  # columns that publishing adds, such as business dates
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns()"
        " where database_name = ? and not internal", [FILE]
    )  # fmt: skip
    return {(model, column): told for model, column, told in [*added, *rows, *tables] if told}


def _key(columns: Sequence[TargetColumn], grain: tuple[str, ...]) -> tuple[str, ...]:
    """Return the grain as columns of the published table, or nothing if it lacks one: personal columns are hashed."""
    names = {column.name for column in columns}
    key = [name if name in names else f"{name}{HASH}" for name in grain]
    return tuple(key) if key and set(key) <= names else ()


def key_holds(session: Session, table: TargetTable) -> bool:
    """Whether the key has no NULL and no value twice, and fits into an index."""
    listed = ", ".join(quote_name(name) for name in table.key)
    lengths = " + ".join(f"strlen(cast({quote_name(name)} as varchar))" for name in table.key)
    nulls = " or ".join(f"{quote_name(name)} is null" for name in table.key)
    count, different, wrong, longest = session.rows(
        f"select count(*), count(distinct ({listed})), count(*) filter (where {nulls}), coalesce(max({lengths}), 0)"
        f" from {table.relation}"
    )[0]
    return bool(count == different and not wrong and longest <= LONGEST_KEY)


def comments(table: TargetTable, target: str) -> list[str]:
    """Return the statements that write the comments. `target` is the quoted name of the table."""
    told = [f"comment on table {target} is {quoted(table.comment)}"] if table.comment else []
    return told + [
        f"comment on column {target}.{quote_name(column.name)} is {quoted(column.comment)}"
        for column in table.columns
        if column.comment
    ]
