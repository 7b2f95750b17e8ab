"""SQL text: literals, identifiers and JSON paths, quoted in one place."""

from __future__ import annotations


def quote_name(text: str) -> str:
    """A column name as a quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def json_path(dotted: str) -> str:
    """a.b as a JSON path."""
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def quoted(value: object) -> str:
    """A text or path as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"
