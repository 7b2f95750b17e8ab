"""The two copies of a published table: masked in the public file, with raw values in the restricted one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from siyu.compile.cache import digest
from siyu.compile.project import CompiledModel
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.release.columns import RECORD_ID, PublishedColumn, public_list, published_columns, restricted_list
from siyu.release.releases import PUBLIC, RESTRICTED

# Tables are sorted by the first of these that they have: repeated IDs compress, and a query about one person reads few
# blocks. Then by all of the others: the evidence of one person repeats, too.
SORT_COLUMNS = ("person_key", "account_key", "one_id", "account_id", "entity_id")
THEN_COLUMNS = ("evidence_at", "evidence_channel", "occurred_at", "touched_at")
# The restricted file has these tables with hashes beside the raw values: every identifier and every record_id. Tables
# with config(restricted=false) are not in that file, because these two lead from their hashes to the raw values.
KEY_TABLES = ("identity.identifier", "identity.record_person")
RELEASE_FILE, RESTRICTED_FILE = "release", "restricted"  # what both files are attached as
FILES = {RELEASE_FILE: PUBLIC, RESTRICTED_FILE: RESTRICTED}
FORM_LENGTH = 20  # characters of a digest; 80 bits


@dataclass(frozen=True)
class Copies:
    """How a model is published: its columns in both files, and the order of its rows."""

    model: CompiledModel
    in_clear: Collection[str]

    @cached_property
    def columns(self) -> list[PublishedColumn]:
        """Its columns in both files."""
        return published_columns(self.model.columns, is_key=self.model.name in KEY_TABLES, in_clear=set(self.in_clear))

    @property
    def is_restricted(self) -> bool:
        """Whether the restricted file has the table, too. It also has the raw texts of a table whose public copy is
        masked: later nights compare with them."""
        return self.model.is_restricted or (bool(self.in_clear) and not self.model.pii_columns)

    @property
    def files(self) -> dict[str, str]:
        """The files that have the table -> their columns as SQL, over those of the model."""
        restricted = {RESTRICTED_FILE: restricted_list(self.columns)} if self.is_restricted else {}
        return {**restricted, RELEASE_FILE: public_list(self.columns, is_restricted=False)}

    @property
    def comments(self) -> dict[str, str]:
        """The comments on columns of the public file."""
        return {column.name: column.description for column in self.columns if column.in_public}

    @cached_property
    def form(self) -> str:
        """A digest of how the rows of the model become those of both files, and of the comments."""
        told = [(column.name, column.type, column.description) for column in self.columns]
        return digest(self.files, told, self.order, self.model.model.description)[:FORM_LENGTH]

    @property
    def order(self) -> str:
        """The ORDER BY clause: person or company, or the first identifier for records, which have neither."""
        names = {column.name for column in self.model.columns}
        for name in SORT_COLUMNS:
            if name in names:
                return f" order by {', '.join([name, *(then for then in THEN_COLUMNS if then in names)])}"
        identifiers = [f"cast({quote_name(name)} as varchar)" for name in self.model.pii_columns if name != RECORD_ID]
        return f" order by coalesce({', '.join(identifiers)}, '')" if identifiers else ""

    def write(self, session: Session) -> None:
        """Write both copies. The public one is read from the restricted one, if any."""
        name, source = self.model.relation, f"{self.model.relation}{self.order}"
        if self.is_restricted:
            session.execute(f"create table {RESTRICTED_FILE}.{name} ({_restricted_columns(self.columns)})")
            session.execute(
                f"insert into {RESTRICTED_FILE}.{name} select {restricted_list(self.columns)} from {source}"
            )
            source = f"{RESTRICTED_FILE}.{name}"
        listed = public_list(self.columns, self.is_restricted)
        create(session, name, f"select {listed} from {source}", (self.model.model.description, self.comments))


def create(session: Session, table: str, query: str, comments: tuple[str, dict[str, str]]) -> None:
    """Create a table of the public file with its comments in one transaction: a commit takes longer than a comment."""
    description, columns = comments
    target = f"{RELEASE_FILE}.{table}"
    session.execute("begin")
    session.execute(f"create table {target} as {query}")
    statements = [f"comment on table {target} is {quoted(description)}"]
    statements += [f"comment on column {target}.{quote_name(name)} is {quoted(text)}" for name, text in columns.items()]
    session.execute("; ".join(statements))
    session.execute("commit")


def _restricted_columns(columns: Sequence[PublishedColumn]) -> str:
    """Return the columns of a restricted table as SQL. Zstandard writes record_id a quarter smaller than the engine's
    own choice, and in less time."""
    return ", ".join(
        f"{quote_name(column.name)} {column.type}" + (" using compression zstd" if column.name == RECORD_ID else "")
        for column in columns
        if column.in_restricted
    )
