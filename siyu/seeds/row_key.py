"""`key: row` in a contract: the rows of an export have no key, so the file's identity and the line identify them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

KEY_ROW = "_row"  # the column that source() then has
WORD = "row"


def named_key(value: str) -> tuple[str, ...]:
    """Return the key that a contract names with one word."""
    return (KEY_ROW if value == WORD else value,)


def has_row_key(key: Sequence[str]) -> bool:
    """Return whether the rows of an export with this key have none of their own."""
    return KEY_ROW in key


def check_row_key(key: Sequence[str], columns: Collection[str], version: str | None) -> None:
    """Raise ValueError if something in the contract does not go with `key: row`."""
    if not has_row_key(key):
        return
    if len(key) > 1:
        raise ValueError(f"{KEY_ROW} is not a column; write key: {WORD} if file and line identify a row")
    if WORD in columns:
        raise ValueError(f"key: {WORD} means the row itself; write key: [{WORD}] for the column {WORD}")
    if version:
        raise ValueError(f"version requires a key; with key: {WORD} no row is a version of another")
