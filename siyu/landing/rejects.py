"""Rejects: the reasons why records were rejected, with masked values, in a Parquet file beside the landed one."""

from __future__ import annotations

from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.paths import parquet
from siyu.engines.sql import quoted
from siyu.landing.casts import reasons_sql
from siyu.seeds.channels import Channel, Export

SHOWN_VALUE = 200


def write_rejects(session: Session, channel: Channel, export: Export, typed: str, path: Path) -> int:
    """Write one row for each reason why a record of the query `typed` is rejected. Returns the number of rejected
    records; if there are none, no file is written."""
    direct = [quoted(c) for c, column in export.columns.items() if column.pii]
    masked = "fn_mask_text(value)"
    if direct:
        masked = f"fn_mask_text(case when column_name in ({', '.join(direct)}) then fn_mask(value) else value end)"
    session.execute(
        f"copy (select _line as line, column_name, left({masked}, {SHOWN_VALUE}) as"
        " value_masked, reason from (select _line,"
        " unnest(list_filter(_reasons, lambda r: r is not null), recursive := true)"
        f" from (select _line, _ok, {reasons_sql(channel, export)} as _reasons from ({typed})) where not _ok))"
        f" to {quoted(path)} (format parquet, compression zstd)"
    )
    rejected: int = session.value(f"select count(distinct line) from {parquet(path)}")
    if not rejected:
        path.unlink()
    return rejected


def first_reasons(session: Session, rejects: Path) -> str:
    """Return the three most frequent reasons in one line."""
    rows = session.rows(
        f"select column_name, reason, count(*) as n from {parquet(rejects)}"
        " group by all order by n desc, column_name, reason limit 3"
    )
    return "; ".join(f"{column or 'record'}: {reason} ({count})" for column, reason, count in rows)
