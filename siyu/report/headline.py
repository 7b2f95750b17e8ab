"""The headline figures of a run, which the summary shows from kpi.kpi_value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siyu.compile.project import Project
    from siyu.engines.base import Session

MONTH = "v.as_of_date > mature_date - 30 and v.as_of_date <= mature_date"


@dataclass(frozen=True)
class KpiLine:
    """A headline figure of the dimension total: the as_of day, and the last 30 days.

    If none of these days has a baseline, `month` says what is usual elsewhere.
    """

    code: str
    zh: str
    en: str
    unit: str
    day: str
    month: str


@dataclass(frozen=True)
class KpiAlert:
    """A figure outside its band.

    `day` is the as_of day, or the last day whose window has closed. `member` says which channel, product … the figure
    is for; `total` is all of them.
    """

    day: str
    code: str
    zh: str
    en: str
    member: str
    value: str
    band: str
    status: str
    is_good: bool = False  # on the better side of the band, as the direction of the KPI says

    @property
    def told(self) -> str:
        """The alert as one line."""
        return f"{self.code} {self.zh} {self.en} ({self.member}) on {self.day} is {self.value}, band {self.band}"


def out_of_band(session: Session, project: Project) -> list[KpiAlert]:
    """Return the figures of status alert or watch, alerts first, of the as_of day or the last closed window."""
    if not {"kpi.kpi_value", "kpi.kpi_catalog"} <= project.models.keys():
        return []
    rows = session.rows(
        "select v.as_of_date, c.kpi_code, c.name_zh, c.name_en, c.unit, case when v.dimension = 'total' then 'total'"
        " else v.dimension || ' ' || coalesce(v.member, '(none)') end as of_what, v.value, v.low, v.high, v.status,"
        " (c.direction = 'up') = (v.value > v.baseline)"
        " from kpi.kpi_value as v join kpi.kpi_catalog as c using (kpi_code)"
        " where v.as_of_date = fn_as_of() - coalesce(c.window_days, 0)::integer and v.status in ('alert', 'watch')"
        " order by v.status, c.kpi_code, of_what"
    )
    return [
        KpiAlert(str(day), code, zh, en, of, figure(value, unit), f"{edge(low, unit)} to {edge(high, unit)}", status,
                 is_good)
        for day, code, zh, en, unit, of, value, low, high, status, is_good in rows
    ]  # fmt: skip


def edge(value: Any, unit: str) -> str:
    """Format an edge of a band. Counts get a decimal, because a band may end between two counts."""
    return f"{value:,.1f}" if unit == "count" and value is not None else figure(value, unit)


def headline_kpis(session: Session, project: Project) -> list[KpiLine]:
    """Return totals of kpi.kpi_value, core metric first, for the KPIs of its phase and family.

    They are of the as_of day, and of 30 days if the days can be added up.

    If a KPI has a window, the 30 days end with the last day whose window has closed. Younger cohorts are incomplete.
    """
    if not {"kpi.kpi_value", "kpi.kpi_catalog"} <= project.models.keys():
        return []
    rows = session.rows(
        "select c.kpi_code, c.name_zh, c.name_en, c.unit,"
        " max(v.value) filter (where v.as_of_date = fn_as_of() and v.status <> 'immature'),"
        f" sum(v.numerator) filter (where {MONTH}"
        " and not c.is_stock and (c.is_additive or c.unit = 'rate')),"
        f" sum(v.denominator) filter (where {MONTH}),"
        " case when c.window_days > 0 then mature_date end,"
        f" case when count(v.baseline) filter (where {MONTH}) = 0 then max(v.benchmark_low) filter (where {MONTH}) end,"
        f" case when count(v.baseline) filter (where {MONTH}) = 0 then max(v.benchmark_high) filter (where {MONTH}) end"
        " from (select *, fn_as_of() - coalesce(window_days, 0)::integer as mature_date from kpi.kpi_catalog) as c"
        " join kpi.kpi_value as v using (kpi_code) where v.dimension = 'total' and c.is_current_phase"
        " and c.family = (select max(family) from kpi.kpi_catalog where is_core)"
        " group by all order by bool_or(c.is_core) desc, c.kpi_code"
    )
    lines = []
    for code, zh, en, unit, value, numerator, denominator, mature, *usual in rows:
        month = figure(_over(numerator, denominator), unit)
        notes = _period(month, mature, [figure(end, unit) for end in usual])
        lines.append(KpiLine(code, zh, en, unit, figure(value, unit), notes))
    return lines


def _period(shown: str, mature: date | None, usual: list[str]) -> str:
    """Return a figure of 30 days with the last cohort that is in it, and what is usual elsewhere (– = not needed)."""
    cohorts = "" if mature is None else f"cohorts to {mature}"
    elsewhere = "" if "–" in usual else f"elsewhere 行业参考 {' to '.join(dict.fromkeys(usual))}"
    notes = "; ".join(filter(None, (cohorts, elsewhere)))
    return f"{shown} ({notes})" if notes else shown


def _over(numerator: Any, denominator: Any) -> Any:
    if numerator is None or denominator is None:
        return numerator
    return float(numerator) / float(denominator) if denominator else None


def figure(value: Any, unit: str) -> str:
    """Format a value, as 12,345.60, 7 or 12.3 %; a dash for None."""
    if value is None:
        return "–"
    if unit == "rate":
        return f"{float(value) * 100:.1f} %"
    return f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"
