"""The columns of a published table: personal ones hashed and masked, and the business date beside each timestamp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from siyu.compile.project import Column
from siyu.engines.sql import quote_name

# 80 bits of the keyed hash: among 100 million values two share one with a probability of 4e-9, n * n / 2 ** 81.
HASH_CHARACTERS = 20
HASH, MASKED = "_hash", "_masked"
RECORD_ID = "record_id"  # has no mask, because nobody knows a record by heart
TEXT = "text_"  # sentences, text_for: a mask shows their end, which may be a whole name
MOMENT, DATE = "_at", "_date"


@dataclass(frozen=True)
class PublishedColumn:
    """A column of a published table and its expression over the columns of the model.

    Only the restricted file has personal columns. The public file has their hashes and masks instead, and of
    record_id (and <name>_record_id) and of sentences (text_<name>) the hash alone.
    """

    name: str
    sql: str
    type: str
    description: str
    in_public: bool = True
    in_restricted: bool = True

    @property
    def is_added(self) -> bool:
        """Whether the model has no such column: publishing adds it."""
        return self.sql != quote_name(self.name)


def published_columns(
    columns: Sequence[Column], is_key: bool = False, in_clear: AbstractSet[str] = frozenset()
) -> list[PublishedColumn]:
    """Return the columns of a published table, for both files.

    A timestamp <name>_at (or <name>) gets <name>_date, its business date, unless the model has a column of that name.
    `is_key`: the restricted file has the hashes beside the raw values, so that a hash of any table leads to its value.
    `in_clear`: columns without a mark that have identifiers in clear. The public file has them masked.
    """
    return list(_published(columns, is_key, in_clear))


def has_text(column: Column) -> bool:
    """Whether the public file has the column as it is, with texts in it."""
    return not column.pii and "VARCHAR" in column.type.upper()


def _published(columns: Sequence[Column], is_key: bool, in_clear: AbstractSet[str]) -> Iterator[PublishedColumn]:
    names = {column.name for column in columns}
    for column in columns:
        quoted = quote_name(column.name)
        is_raw = not column.pii and column.name not in in_clear
        yield PublishedColumn(column.name, quoted, column.type, column.description, in_public=is_raw)
        if column.name in in_clear:
            cleared = f"cast(fn_cleared(cast({quoted} as varchar)) as {column.type})"
            yield PublishedColumn(column.name, cleared, column.type, column.description, in_restricted=False)
        if column.pii:
            text = f"cast({quoted} as varchar)"
            hashed = f"left(fn_keyed_hash({text}), {HASH_CHARACTERS})"
            yield _text(column.name + HASH, hashed, column.description, in_restricted=is_key)
            if not (is_record_id(column.name) or column.name.startswith(TEXT)):
                yield _text(column.name + MASKED, f"fn_mask({text})", column.description)
        day = date_name(column)
        if day and day not in names:
            told = f"Business date of {column.name}."
            yield PublishedColumn(day, f"fn_local_date({quoted})", "DATE", told)


def is_record_id(name: str) -> bool:
    """Whether a column of this name has the numbers of exported rows: record_id, touch_record_id."""
    return name == RECORD_ID or name.endswith(f"_{RECORD_ID}")


def _text(name: str, sql: str, description: str, in_restricted: bool = False) -> PublishedColumn:
    return PublishedColumn(name, sql, "VARCHAR", description, in_restricted=in_restricted)


def date_name(column: Column) -> str | None:
    """Return the name of the business date that belongs to a timestamp; None for other columns."""
    is_moment = column.type.upper().startswith("TIMESTAMP") and not column.pii
    return column.name.removesuffix(MOMENT) + DATE if is_moment else None


def restricted_list(columns: Sequence[PublishedColumn]) -> str:
    """Return the select list of the restricted table: raw values, and business dates."""
    return ", ".join(_as(column) for column in columns if column.in_restricted)


def public_list(columns: Sequence[PublishedColumn], is_restricted: bool) -> str:
    """Return the select list of the public table. `is_restricted`: it is read from the restricted one."""
    return ", ".join(
        quote_name(column.name) if is_restricted and column.in_restricted else _as(column)
        for column in columns
        if column.in_public
    )


def _as(column: PublishedColumn) -> str:
    return f"{column.sql} as {quote_name(column.name)}" if column.is_added else column.sql
