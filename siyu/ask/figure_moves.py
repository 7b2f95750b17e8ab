"""KPIs of the last 30 days, and failing checks, of two releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from siyu.ask.release_pair import Pair, Side
from siyu.engines.sql import quoted

KPI_TABLES = ("kpi.kpi_value", "kpi.kpi_catalog")
DAYS = 30
CHECKS = "ops.check_result"


@dataclass(frozen=True)
class KpiMove:
    """A KPI of the dimension total, before and after.

    `period`: 30 days if their numerators and denominators can be added up, else the last day. A KPI with a window ends
    with the last day whose window has closed. `days` is on how many days, of those that both releases have, the value
    differs.
    """

    kpi_code: str
    name_zh: str
    name_en: str
    unit: str
    period: str
    before: Any
    after: Any
    days: int


@dataclass(frozen=True)
class CheckMove:
    """An expectation that failed in one of two releases only. `change` is new or fixed."""

    change: str
    table: str
    expectation: str
    column: str | None
    severity: str
    unexpected: int | None
    error: str | None
    runbook: str | None


def kpi_moves(pair: Pair) -> tuple[list[KpiMove], int]:
    """Return the KPIs that differ, core metric first, and how many do not."""
    if not pair.has(*KPI_TABLES) or all(map(pair.is_same, KPI_TABLES)):
        return [], 0
    before, after = pair.before.relations["kpi.kpi_value"], pair.after.relations["kpi.kpi_value"]
    changed = (
        f"select a.kpi_code, count(*) as days from {after} as a join {before} as b"
        " on b.as_of_date = a.as_of_date and b.kpi_code = a.kpi_code and b.dimension = 'total'"
        " where a.dimension = 'total' and b.value is distinct from a.value group by all"
    )
    rows = pair.session.rows(
        f"with b as ({_figures(pair.before)}), a as ({_figures(pair.after)}), changed as ({changed})"
        " select coalesce(a.kpi_code, b.kpi_code) as code, coalesce(a.name_zh, b.name_zh), coalesce(a.name_en,"
        " b.name_en), coalesce(a.unit, b.unit), coalesce(a.period, b.period), b.value, a.value, coalesce(c.days, 0)"
        " from b full join a using (kpi_code) left join changed as c on c.kpi_code = coalesce(a.kpi_code, b.kpi_code)"
        " order by coalesce(a.is_core, b.is_core) desc, code"
    )
    moves = [KpiMove(*row) for row in rows]
    differing = [move for move in moves if move.days or not _is_equal(move)]
    return differing, len(moves) - len(differing)


def _is_equal(move: KpiMove) -> bool:
    values = move.before, move.after
    return values[0] == values[1] or (None not in values and abs(values[0] - values[1]) < 1e-9)


def _figures(side: Side) -> str:
    """Return the query of one figure a KPI. Numerators and denominators are added up, never values (docs/bi.md)."""
    value, catalog = (side.relations[table] for table in KPI_TABLES)
    kpis = (
        "select *, not is_stock and (is_additive or unit = 'rate') as adds_up,"
        f" date {quoted(side.as_of)} - coalesce(window_days, 0)::integer as last_date from {catalog}"
    )
    sums = "sum(v.numerator)::double"
    return (
        f"select c.kpi_code, c.name_zh, c.name_en, c.unit, c.is_core, if(c.adds_up, '{DAYS} days', 'day') as period,"
        f" case when not c.adds_up then (max(v.value) filter (where v.as_of_date = c.last_date))::double"
        f" when count(v.denominator) > 0 then {sums} / nullif(sum(v.denominator), 0)::double else {sums} end as value"
        f" from ({kpis}) as c left join {value} as v on v.kpi_code = c.kpi_code and v.dimension = 'total'"
        f" and v.as_of_date > c.last_date - {DAYS} and v.as_of_date <= c.last_date"
        " group by c.kpi_code, c.name_zh, c.name_en, c.unit, c.is_core, c.adds_up"
    )


def check_moves(pair: Pair) -> list[CheckMove]:
    """Return the checks that fail in one release only, new failures first, critical ones before others."""
    if not pair.has(CHECKS):
        return []
    failed = (
        "select table_name, expectation, coalesce(column_name, '') as column_name, severity, unexpected_count, error,"
        " runbook, coalesce(why, '') as why from {} where run_id = {} and not success"
    )
    before, after = (failed.format(side.relations[CHECKS], side.run_id) for side in pair.sides)
    same = "using (table_name, expectation, column_name, severity, why)"
    order = " order by severity <> 'critical', table_name, expectation, column_name, why"
    shown = "table_name, expectation, nullif(column_name, ''), severity, unexpected_count, error, runbook"
    moves = []
    for change, left, right in (("new", after, before), ("fixed", before, after)):
        rows = pair.session.rows(f"select {shown} from ({left}) anti join ({right}) {same}{order}")
        moves += [CheckMove(change, *row) for row in rows]
    return moves
