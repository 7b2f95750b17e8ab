"""The types of PostgreSQL for the types of a release, and the expressions that PostgreSQL can read."""

from __future__ import annotations

import re

from siyu.engines.sql import quote_name

DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
# type of DuckDB -> type of PostgreSQL, and the type to which the column is cast first
PLAIN = {
    "BOOLEAN": ("boolean", ""),
    "TINYINT": ("smallint", "smallint"),
    "UTINYINT": ("smallint", "smallint"),
    "SMALLINT": ("smallint", ""),
    "USMALLINT": ("integer", "integer"),
    "INTEGER": ("integer", ""),
    "UINTEGER": ("bigint", "bigint"),
    "BIGINT": ("bigint", ""),
    "UBIGINT": ("numeric(20,0)", "decimal(20,0)"),
    "HUGEINT": ("numeric(38,0)", "decimal(38,0)"),
    "FLOAT": ("real", ""),
    "DOUBLE": ("double precision", ""),
    "DATE": ("date", ""),
    "TIME": ("time without time zone", ""),
    "TIMESTAMP": ("timestamp without time zone", ""),
    "TIMESTAMP_S": ("timestamp without time zone", "timestamp"),
    "TIMESTAMP_MS": ("timestamp without time zone", "timestamp"),
    "TIMESTAMP_NS": ("timestamp without time zone", "timestamp"),
    "TIMESTAMP WITH TIME ZONE": ("timestamp with time zone", ""),
    "INTERVAL": ("interval", ""),
    "BLOB": ("bytea", ""),
    "BIGINT[]": ("bigint[]", ""),
    "INTEGER[]": ("integer[]", ""),
    "DOUBLE[]": ("double precision[]", ""),
    "VARCHAR[]": ("text[]", ""),
}
NESTED = ("STRUCT(", "MAP(", "UNION(", "JSON")
# The binary form of jsonb is its text after this byte.
JSONB_VERSION = "chr(1)"
# The only character that a text of PostgreSQL cannot have.
NUL, SHOWN_NUL = "chr(0)", "'�'"


def target_type(kind: str) -> str:
    """Return the type of PostgreSQL for a type of DuckDB: text for any that has no better one."""
    if match := DECIMAL.fullmatch(kind):
        return f"numeric({match[1]},{match[2]})"
    if kind in PLAIN:
        return PLAIN[kind][0]
    return "jsonb" if _is_nested(kind) else "text"


def target_expression(name: str, kind: str) -> str:
    """Return the expression whose values COPY can write to a column of the type that `target_type` names."""
    column = quote_name(name)
    if DECIMAL.fullmatch(kind):
        return column
    if kind == "VARCHAR[]":
        return f"list_transform({column}, lambda x: replace(x, {NUL}, {SHOWN_NUL}))"
    if kind in PLAIN:
        return f"cast({column} as {PLAIN[kind][1]})" if PLAIN[kind][1] else column
    if _is_nested(kind):
        return f"{JSONB_VERSION} || replace(cast(to_json({column}) as varchar), '\\u0000', {SHOWN_NUL})"
    return f"replace(cast({column} as varchar), {NUL}, {SHOWN_NUL})"


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(NESTED)
