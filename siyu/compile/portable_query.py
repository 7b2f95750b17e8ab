"""What keeps the query of a suite from another engine: people write it by hand, and no lint refuses it there."""

from __future__ import annotations

from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from siyu.compile.portable import ALL_COLUMNS, shape_findings
from siyu.compile.portable_types import type_findings


def not_portable(sql: str, plan: Any) -> list[str]:
    """Return what is outside the portable subset in a query whose result is counted, so that `select *` is no matter.

    `plan` is the bound plan of the query.
    """
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    try:
        tokens = dialect.tokenize(sql)
        [tree] = dialect.parser().parse(tokens, sql)
    except (SqlglotError, ValueError):
        return ["a query that cannot be taken apart"]
    if tree is None or plan.get("error"):
        return ["a query that cannot be taken apart"]
    found = [*shape_findings(tokens, tree), *type_findings(plan)]
    return sorted({finding.what for finding in found if finding.what != ALL_COLUMNS})
