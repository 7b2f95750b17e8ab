"""What a PostgreSQL target has now: siyu's own notes about the last load, and the server's catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from siyu.engines.postgresql import Postgres, qualified
from siyu.engines.sql import quoted

RELEASE_TABLE, TABLE_TABLE = "siyu_release", "siyu_table"
NOTES = {
    RELEASE_TABLE: (
        "The release that this database has.",
        "release text primary key, as_of date not null, run_id bigint not null, loaded_at timestamptz not null",
    ),
    TABLE_TABLE: (
        "The tables that siyu publish loaded, and the release that last changed each.",
        "schema_name text, table_name text, content_hash text not null, definition text not null,"
        " release text not null, row_count bigint not null, loaded_at timestamptz not null,"
        " primary key (schema_name, table_name)",
    ),
}
Name = tuple[str, str]  # schema, table


@dataclass(frozen=True)
class Place:
    """Where a release stands in the database. Two deployments can share a database with two prefixes."""

    prefix: str

    @property
    def notes(self) -> str:
        """The schema of siyu's notes: that of the ops tables."""
        return f"{self.prefix}ops"

    @property
    def restricted(self) -> str:
        """The schema of the restricted tables; its role has the same name."""
        return f"{self.prefix or 'siyu_'}restricted"

    @property
    def reader(self) -> str:
        """The role that may read everything but the restricted tables."""
        return f"{self.prefix or 'siyu_'}reader"


@dataclass(frozen=True)
class Loaded:
    """What the last load left. `tables` maps a table to its content hash and definition."""

    release: str | None
    tables: dict[Name, tuple[str, str]]


@dataclass(frozen=True)
class Standing:
    """A table as the server has it: columns with types, unique indexes (name, columns, is primary), other indexes."""

    columns: dict[str, str]
    unique: tuple[tuple[str, tuple[str, ...], bool], ...]
    indexes: tuple[tuple[str, ...], ...]


def loaded(server: Postgres, place: Place) -> Loaded:
    """Return what the last load left. Nothing, before the first one."""
    if not _exists(server, place.notes, TABLE_TABLE):
        return Loaded(None, {})
    release = server.value(f"select release from {qualified(place.notes, RELEASE_TABLE)}")
    rows = server.rows(
        f"select schema_name, table_name, content_hash, definition from {qualified(place.notes, TABLE_TABLE)}"
    )
    return Loaded(release, {(schema, table): (digest, definition) for schema, table, digest, definition in rows})


def _exists(server: Postgres, schema: str, table: str) -> bool:
    return bool(
        server.rows(
            "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            f" where n.nspname = {quoted(schema)} and c.relname = {quoted(table)}"
        )
    )


def schemas_of(server: Postgres, names: Sequence[str]) -> set[str]:
    """Return which of these schemas exist."""
    listed = ", ".join(map(quoted, names))
    return {row[0] for row in server.rows(f"select nspname::text from pg_namespace where nspname in ({listed})")}


def relations_of(server: Postgres, schemas: Sequence[str]) -> set[Name]:
    """Return the tables, views and the like in these schemas."""
    listed = ", ".join(map(quoted, schemas))
    rows = server.rows(
        "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where n.nspname in ({listed}) and c.relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    return {(schema, table) for schema, table in rows}


def standing(server: Postgres, schema: str, table: str) -> Standing:
    """Return a table as the server has it."""
    oid = f"{quoted(qualified(schema, table))}::regclass"
    columns = server.rows(
        "select attname::text, format_type(atttypid, atttypmod) from pg_attribute"
        f" where attrelid = {oid} and attnum > 0 and not attisdropped order by attnum"
    )
    found = server.rows(
        "select c.relname::text, i.indisunique, i.indisprimary,"
        " array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(n, o)"
        " join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n order by k.o)::text[]"
        f" from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = {oid} and i.indisvalid"
    )
    unique = tuple((name, tuple(listed), primary) for name, is_unique, primary, listed in found if is_unique)
    others = tuple(tuple(listed) for _, is_unique, _, listed in found if not is_unique)
    return Standing(dict(columns), unique, others)


def dependants(server: Postgres, schema: str, table: str) -> list[str]:
    """Return the views that read a table, as schema.view."""
    rows = server.rows(
        "select distinct n.nspname::text || '.' || v.relname::text from pg_depend d"
        " join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class"
        " join pg_namespace n on n.oid = v.relnamespace"
        f" where d.refobjid = {quoted(qualified(schema, table))}::regclass and d.classid = 'pg_rewrite'::regclass"
        f" and v.oid <> {quoted(qualified(schema, table))}::regclass order by 1"
    )
    return [row[0] for row in rows]
