"""Load a release into PostgreSQL: rows are replaced in one transaction, in tables that stay.

A reader sees the rows of one release: a statement those of the release at its start, a transaction that is REPEATABLE
READ those of one release in all of its statements. No lock of a load keeps a reader waiting. Renaming schemas instead
gave such transactions tables of two releases, or empty ones (docs/postgresql.md has the figures).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from siyu.engines.base import Session
from siyu.engines.postgresql import Postgres, patiently, qualified
from siyu.engines.sql import quote_name, quoted
from siyu.errors import TargetFailed
from siyu.release.releases import Release
from siyu.release.target_catalog import (
    NOTES,
    RELEASE_TABLE,
    TABLE_TABLE,
    Loaded,
    Name,
    Place,
    loaded,
    relations_of,
    schemas_of,
)
from siyu.release.target_grants import admit, admit_late_roles, has_role, make_role
from siyu.release.target_shape import Shape, drop_vanished, fit, listed, settle
from siyu.release.target_tables import TargetTable, comments, key_holds

Tell = Callable[[str, str, int], None]  # table, what happened, how many tables in all
LOCK = "select pg_try_advisory_lock(hashtext('siyu'), hashtext({}))"


@dataclass(frozen=True)
class Load:
    """One load. `notes` says what somebody should know who looks after the database."""

    server: Postgres
    session: Session
    release: Release
    place: Place
    tell: Tell
    notes: list[str] = field(default_factory=list)

    def run(self, tables: list[TargetTable]) -> int:
        """Load what changed, and return how many tables that were. Raises TargetFailed; then nothing changed."""
        patiently(self._lock, lambda error: True)  # a load that was killed holds it until the server notices
        encoding = self.server.value("select current_setting('server_encoding')")
        if encoding != "UTF8":
            raise TargetFailed(
                f"the database has the encoding {encoding}", f"postgresql {self.server.address.shown}",
                "create a database with encoding 'UTF8': Chinese text does not fit into others.",
            )  # fmt: skip
        before = loaded(self.server, self.place)
        changed = [t for t in tables if before.tables.get((t.schema, t.name)) != (t.digest, t.definition)]
        vanished = sorted(before.tables.keys() - {(t.schema, t.name) for t in tables})
        is_there = not changed and not vanished and before.release == self.release.name
        if not is_there:
            self._refuse_foreign(tables, before)
            self._make_roles(tables)
        if before.tables:
            self.notes.extend(admit_late_roles(self.server, self.place))
        if is_there:
            return 0
        self._prepare(tables, before)
        changed = [t if t.key and key_holds(self.session, t) else replace(t, key=()) for t in changed]
        self._swap(changed, vanished, {(t.schema, t.name): t.definition for t in tables})
        self._tidy(changed, vanished)
        return len(changed)

    def _lock(self) -> None:
        if not self.server.value(LOCK.format(quoted(self.place.prefix))):
            raise TargetFailed(
                "another load into this database is running", f"postgresql {self.server.address.shown}",
                "wait for it, then run siyu publish --target postgresql.",
            )  # fmt: skip

    def _refuse_foreign(self, tables: list[TargetTable], before: Loaded) -> None:
        """Raise TargetFailed if a table of the same name is not siyu's."""
        there = schemas_of(self.server, sorted({table.schema for table in tables}))
        wanted = {(table.schema, table.name) for table in tables}
        foreign = sorted((relations_of(self.server, sorted(there)) if there else set()) & wanted - before.tables.keys())
        if foreign:
            raise TargetFailed(
                f"{'.'.join(foreign[0])} exists, and siyu did not make it"
                + (f"; so do {len(foreign) - 1} others" if len(foreign) > 1 else ""),
                f"postgresql {self.server.address.shown}",
                "use another database, or set SIYU_POSTGRESQL_PREFIX to a prefix for siyu's schemas.",
            )

    def _make_roles(self, tables: list[TargetTable]) -> None:
        """Create the roles that are missing. Raises TargetFailed if restricted tables would have none."""
        if not make_role(self.server, self.place.reader):
            self.notes.append(
                f"the role {self.place.reader} does not exist, and this user may not create it; nobody but the owner"
                " can read until it exists"
            )
        is_private = any(table.is_restricted for table in tables)
        if is_private and not make_role(self.server, self.place.restricted):
            raise TargetFailed(
                f"the role {self.place.restricted} does not exist, and this user may not create it",
                f"postgresql {self.server.address.shown}",
                f"run as an administrator: create role {quote_name(self.place.restricted)} nologin.",
            )

    def _prepare(self, tables: list[TargetTable], before: Loaded) -> None:
        """Create schemas and siyu's notes."""
        schemas = sorted({table.schema for table in tables} | {self.place.notes})
        there = schemas_of(self.server, schemas)
        has_reader = has_role(self.server, self.place.reader)
        for schema in schemas:
            if schema not in there:
                self.server.execute(f"create schema {quote_name(schema)}")
                admit(self.server, self.place, f"usage on schema {quote_name(schema)}", schema, has_reader)
        for name, (told, columns) in NOTES.items():
            target = qualified(self.place.notes, name)
            if not before.tables and (self.place.notes, name) not in relations_of(self.server, [self.place.notes]):
                self.server.execute(f"create table {target} ({columns})")
                self.server.execute(f"comment on table {target} is {quoted(told)}")
                admit(self.server, self.place, f"select on table {target}", self.place.notes, has_reader)
        self.server.commit()

    def _swap(self, changed: list[TargetTable], vanished: list[Name], definitions: dict[Name, str]) -> None:
        """Replace the rows of every table that changed, in one transaction."""
        there = relations_of(self.server, sorted({table.schema for table in changed})) if changed else set()
        has_reader = has_role(self.server, self.place.reader)
        shapes = {(t.schema, t.name): fit(self.server, t) for t in changed if (t.schema, t.name) in there}
        noted = qualified(self.place.notes, TABLE_TABLE)
        for table in changed:
            shape = shapes.get((table.schema, table.name))
            count = self._replace(table, shape) if shape else self._create(table, has_reader)
            values = (table.schema, table.name, table.digest, definitions[table.schema, table.name], self.release.name)
            self.server.execute(
                f"insert into {noted} values ({', '.join(map(quoted, values))}, {count}, now()) on conflict"
                " (schema_name, table_name) do update set content_hash = excluded.content_hash, definition ="
                " excluded.definition, release = excluded.release, row_count = excluded.row_count,"
                " loaded_at = excluded.loaded_at"
            )
            self.tell(table.shown, f"{count:,} rows", len(changed))
        for schema, name in vanished:
            if (schema, name) in relations_of(self.server, [schema]):
                self.server.execute(f"delete from {qualified(schema, name)}")
        mark = qualified(self.place.notes, RELEASE_TABLE)
        self.server.execute(f"delete from {mark}")
        self.server.execute(
            f"insert into {mark} values ({quoted(self.release.name)}, {quoted(self.release.as_of)},"
            f" {self.release.run_id}, now())"
        )
        self.notes.extend(settle(self.server, shapes.values()))
        self.server.commit()

    def _create(self, table: TargetTable, has_reader: bool) -> int:
        """Create a table with its rows, key, indexes, comments and grants. Nobody sees it before the commit."""
        target = qualified(table.schema, table.name)
        columns = ", ".join(f"{quote_name(column.name)} {column.type}" for column in table.columns)
        self.server.execute(f"create table {target} ({columns})")
        count = self.server.copy(table.schema, table.name, self.session.stream(table.query))
        if table.key:
            self.server.execute(f"alter table {target} add primary key ({listed(table.key)})")
        for index in table.indexes:
            self.server.execute(f"create index on {target} ({listed(index)})")
        self._comment(table)
        admit(self.server, self.place, f"select on table {target}", table.schema, has_reader)
        self.server.execute(f"analyze {target}")
        return count

    def _replace(self, table: TargetTable, shape: Shape) -> int:
        """Replace the rows of a table that stays: with its grants, and with the views that people built on it."""
        target = qualified(table.schema, table.name)
        self.server.execute(f"delete from {target}")
        count = self.server.copy(table.schema, table.name, self.session.stream(shape.query))
        self.server.execute_all(shape.after_rows)
        if shape.is_new:
            self._comment(table)
        if table.is_restricted:
            self.server.execute(f"revoke all on table {target} from public")
        return count

    def _comment(self, table: TargetTable) -> None:
        statements = "; ".join(comments(table, qualified(table.schema, table.name)))
        if statements:
            self.server.execute(f"do $siyu$ begin {statements}; end $siyu$")

    def _tidy(self, changed: Iterable[TargetTable], vanished: Iterable[Name]) -> None:
        """Free the room of the old rows, and drop tables that the release no longer has. Readers go on meanwhile."""
        for table in changed:
            target = qualified(table.schema, table.name)
            self.server.maintain(f"vacuum (analyze, truncate false) {target}")
        for schema, name in vanished:
            note = drop_vanished(self.server, schema, name)
            if note is None:
                self.server.execute(
                    f"delete from {qualified(self.place.notes, TABLE_TABLE)}"
                    f" where schema_name = {quoted(schema)} and table_name = {quoted(name)}"
                )
            else:
                self.notes.append(note)
            self.server.commit()
