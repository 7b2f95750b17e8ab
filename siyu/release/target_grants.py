"""Who may read a target: the role of each schema, and what it is granted.

A schema or table is granted when it is created. What an administrator revokes later stays revoked. Only a role without
any grant, because it was created after the tables, gets all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from siyu.engines.postgresql import Postgres, qualified
from siyu.engines.sql import quote_name, quoted
from siyu.errors import TargetFailed
from siyu.release.target_catalog import NOTES, TABLE_TABLE, Name, Place

MAY_NOT = "42501"


def has_role(server: Postgres, role: str) -> bool:
    """Whether a role exists."""
    return bool(server.rows(f"select 1 from pg_roles where rolname = {quoted(role)}"))


def make_role(server: Postgres, role: str) -> bool:
    """Create a role if it is not there and this user may do it. Return whether it exists now."""
    if has_role(server, role):
        return True
    try:
        server.attempt([f"create role {quote_name(role)} nologin"])
    except TargetFailed as error:
        if error.state != MAY_NOT:
            raise
        return False
    return True


def admit(server: Postgres, place: Place, what: str, schema: str, has_reader: bool) -> None:
    """Grant something new to the role of its schema."""
    if schema == place.restricted:
        server.execute(f"revoke all on {what.partition(' on ')[2]} from public")
        server.execute(f"grant {what} to {quote_name(place.restricted)}")
    elif has_reader:
        server.execute(f"grant {what} to {quote_name(place.reader)}")


def admit_late_roles(server: Postgres, place: Place) -> list[str]:
    """Grant everything that was loaded to a role that exists and has no grant. Return a note for each such role."""
    tables = _loaded_tables(server, place)
    notes = []
    for role in (place.reader, place.restricted):
        own = [name for name in tables if (name[0] == place.restricted) == (role == place.restricted)]
        schemas = sorted({schema for schema, _ in own})
        if not own or not has_role(server, role) or _has_grant(server, role, schemas, own):
            continue
        server.execute(f"grant usage on schema {', '.join(map(quote_name, schemas))} to {quote_name(role)}")
        server.execute(f"grant select on table {', '.join(qualified(*name) for name in own)} to {quote_name(role)}")
        notes.append(f"the role {role} could read nothing; now it may read all tables, {len(own)}")
    server.commit()
    return notes


def _loaded_tables(server: Postgres, place: Place) -> list[Name]:
    """Return the tables of earlier loads that are still there, and siyu's notes."""
    rows = server.rows(
        "select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" join {qualified(place.notes, TABLE_TABLE)} t on t.schema_name = n.nspname and t.table_name = c.relname"
        " order by 1, 2"
    )
    return [*((schema, table) for schema, table in rows), *((place.notes, name) for name in NOTES)]


def _has_grant(server: Postgres, role: str, schemas: Iterable[str], tables: Iterable[Name]) -> bool:
    """Whether a role was granted any of these schemas or tables, by its own name."""
    listed = ", ".join(map(quoted, schemas))
    pairs = ", ".join(f"({quoted(schema)}, {quoted(table)})" for schema, table in tables)
    return bool(
        server.rows(
            f"select 1 from (select nspacl as acl from pg_namespace where nspname in ({listed}) union all"
            " select c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            f" where (n.nspname, c.relname) in ({pairs})) t, aclexplode(t.acl) a join pg_roles r on r.oid = a.grantee"
            f" where r.rolname = {quoted(role)} limit 1"
        )
    )
