"""Quote SQL literals, identifiers and JSON paths."""

from __future__ import annotations

import re


def quote_name(text: str) -> str:
    """Return a column name as a quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def json_path(dotted: str) -> str:
    """Return a dotted path such as a.b as a JSON path."""
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def quoted(value: object) -> str:
    """Return a text or path as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"


def spark_name(relation: str) -> str:
    """Return the name of a relation in queries for Spark, whose temporary views have no schema."""
    plain = relation.replace(".", "__").replace('"', "").lower()
    return re.sub("[^a-z0-9_]", lambda found: f"_{ord(found[0]):x}_", plain)
