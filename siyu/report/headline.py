"""The headline figures of a run: what the summary shows of kpi.kpi_value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siyu.compile.project import Project
    from siyu.engines.base import Session


@dataclass(frozen=True)
class KpiLine:
    """A headline figure: the last as_of day and the last 30 days of the total."""

    code: str
    zh: str
    en: str
    unit: str
    day: str
    month: str


@dataclass(frozen=True)
class KpiAlert:
    """A figure outside its band; `day` is the as_of day, or the last whose window has closed; `member` is of which
    channel, product … it is, total = all."""

    day: str
    code: str
    zh: str
    en: str
    member: str
    value: str
    band: str
    status: str

    @property
    def told(self) -> str:
        """In one line."""
        return f"{self.code} {self.zh} {self.en} ({self.member}) of {self.day} is {self.value}, its band {self.band}"


def out_of_band(session: Session, project: Project) -> list[KpiAlert]:
    """Status alert or watch, alerts first: of the as_of day, or of the last day whose window has closed."""
    if not {"kpi.kpi_value", "kpi.kpi_catalog"} <= project.models.keys():
        return []
    rows = session.rows(
        "select v.as_of_date, c.kpi_code, c.name_zh, c.name_en, c.unit, case when v.dimension = 'total' then 'total'"
        " else v.dimension || ' ' || coalesce(v.member, '(none)') end as of_what, v.value, v.low, v.high, v.status"
        " from kpi.kpi_value as v join kpi.kpi_catalog as c using (kpi_code)"
        " where v.as_of_date = fn_as_of() - coalesce(c.window_days, 0)::integer and v.status in ('alert', 'watch')"
        " order by v.status, c.kpi_code, of_what"
    )
    return [
        KpiAlert(str(day), code, zh, en, of, figure(value, unit), f"{edge(low, unit)} to {edge(high, unit)}", status)
        for day, code, zh, en, unit, of, value, low, high, status in rows
    ]


def edge(value: Any, unit: str) -> str:
    """An edge of a band: of counts with a decimal, since a band ends between them."""
    return f"{value:,.1f}" if unit == "count" and value is not None else figure(value, unit)


def headline_kpis(session: Session, project: Project) -> list[KpiLine]:
    """Totals of kpi.kpi_value, the core metric first: the as_of day, and the last 30 days of KPIs whose days add up.

    Of a KPI with a window the last 30 days are those whose window has closed: younger cohorts would tell too little.
    """
    if not {"kpi.kpi_value", "kpi.kpi_catalog"} <= project.models.keys():
        return []
    rows = session.rows(
        "select c.kpi_code, c.name_zh, c.name_en, c.unit,"
        " max(v.value) filter (where v.as_of_date = fn_as_of() and v.status <> 'immature'),"
        " sum(v.numerator) filter (where v.as_of_date > mature_date - 30 and v.as_of_date <= mature_date"
        " and (c.is_additive or c.unit = 'rate')),"
        " sum(v.denominator) filter (where v.as_of_date > mature_date - 30 and v.as_of_date <= mature_date),"
        " case when c.window_days > 0 then mature_date end"
        " from (select *, fn_as_of() - coalesce(window_days, 0)::integer as mature_date from kpi.kpi_catalog) as c"
        " join kpi.kpi_value as v using (kpi_code) where v.dimension = 'total'"
        " group by all order by bool_or(c.is_core) desc, c.kpi_code"
    )
    return [
        KpiLine(code, zh, en, unit, figure(value, unit), _period(figure(_over(numerator, denominator), unit), mature))
        for code, zh, en, unit, value, numerator, denominator, mature in rows
    ]


def _period(shown: str, mature: date | None) -> str:
    return shown if mature is None else f"{shown} (cohorts to {mature})"


def _over(numerator: Any, denominator: Any) -> Any:
    if numerator is None or denominator is None:
        return numerator
    return float(numerator) / float(denominator) if denominator else None


def figure(value: Any, unit: str) -> str:
    """A value as people write it: 12,345.60, 7, 12.3 %; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "rate":
        return f"{float(value) * 100:.1f} %"
    return f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"
