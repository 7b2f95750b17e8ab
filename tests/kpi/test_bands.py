"""Bands over invented series: as plain Python computes them, quiet on undisturbed days, loud on a broken one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

import numpy as np
import pytest

from siyu.build.database import prepare
from siyu.build.materialization import build_model
from siyu.compile.project import Project
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from tests.models.test_models import fill

AS_OF = date(2026, 6, 30)
DAYS, NIGHTS = 120, 30
FIRST = AS_OF - timedelta(DAYS - 1)
BROKEN = DAYS - 1  # the last day
# kpi_code -> unit, numerator_unit
KPIS = {"n_count": ("count", ""), "n_amount": ("amount", ""), "n_rate": ("rate", ""), "n_minutes": ("minutes", ""),
        "n_ratio": ("ratio", "amount"), "n_per_person": ("ratio", "count"), "n_stock": ("count", "")}  # fmt: skip
STOCKS = {"n_stock"}


@dataclass(frozen=True)
class Series:
    """The values of one KPI by day. None: no data. `sizes`: denominators."""

    kpi_code: str
    values: Sequence[float | None]
    sizes: Sequence[int] | None = None


@dataclass(frozen=True)
class Found:
    """What kpi_value says of a day."""

    value: float | None
    baseline: float | None
    low: float | None
    high: float | None
    status: str


class Bands:
    """The real models over invented series, on DuckDB in memory."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._engine = DuckEngine(None, RunInputs(AS_OF.isoformat(), "Asia/Shanghai", "test"))
        prepare(self._engine, project)

    def of(self, made: Sequence[Series]) -> list[list[Found]]:
        """Return what kpi_value says, by series and day."""
        session = self._engine.session()
        self._write(session, made)
        for name in ("kpi.kpi_catalog", "kpi.kpi_band", "kpi.kpi_value"):
            build_model(self._engine, self._project, name)
        rows = session.rows(
            "select v.member::int, date_diff('day', ?::date, v.as_of_date), v.value::double, v.baseline::double,"
            " v.low::double, v.high::double, v.status from kpi.kpi_value as v",
            [FIRST],
        )
        session.close()
        missing = Found(None, None, None, None, "")
        found = [[missing] * DAYS for _ in made]
        for member, day, *rest in rows:
            found[member][day] = Found(*rest)
        return found

    def _write(self, session: Session, made: Sequence[Series]) -> None:
        columns = lambda name: {c.name: c.type for c in self._project.binder.columns(name)}  # noqa: E731
        for name in (
            "kpi.kpi_member",
            "kpi.mass_message_day",
            "ops.channel_status",
            "ops.column_lineage",
            "reference.kpi_benchmark",
            "reference.targets",
        ):
            fill(session, name, columns(name), [])
        kpis = [
            {
                "kpi_code": code,
                "unit": unit,
                "numerator_unit": of or None,
                "is_additive": "false",
                "is_stock": "true" if code in STOCKS else "false",
            }
            for code, (unit, of) in KPIS.items()
        ]
        fill(session, "reference.kpis", columns("reference.kpis"), kpis)
        days = [FIRST + timedelta(day) for day in range(DAYS)]
        calendar = [{"business_date": day, "weekday": day.weekday(), "days_ago": (AS_OF - day).days} for day in days]
        fill(session, "kpi.business_day", columns("kpi.business_day"), calendar)
        cells = [
            (number, day, value, None if one.sizes is None else one.sizes[day])
            for number, one in enumerate(made)
            for day, value in enumerate(one.values)
            if value is not None
        ]
        listed = ", ".join(f"({n}, {day}, {value!r}, {size or 'null'})" for n, day, value, size in cells)
        codes = ", ".join(f"({number}, '{one.kpi_code}')" for number, one in enumerate(made))
        session.execute(
            "create or replace table kpi.kpi_cell as select v.n::bigint as series_no, s.code as kpi_code,"
            f" (date '{FIRST}' + v.day) as as_of_date, 'channel' as dimension, v.n::varchar as member,"
            " round(v.value::double, 6)::decimal(24, 6) as value, null::decimal(38, 2) as numerator,"
            " v.size::decimal(38, 2) as denominator, true as is_delivered"
            f" from (values {listed}) as v(n, day, value, size) join (values {codes}) as s(n, code) on v.n = s.n"
        )


@pytest.fixture(scope="module")
def bands(project: Project) -> Iterator[Bands]:
    yield Bands(project)


def reference(project: Project, one: Series) -> list[tuple[float, float, float, bool, bool] | None]:
    """Return (baseline, low, high, is outside, is far) of each day by the definition in docs/kpis.md, None without."""
    v = project.variables
    unit, of = KPIS[one.kpi_code]
    is_amount = (of or unit) == "amount"
    usual: list[float | None] = []
    distances: list[float | None] = []
    found: list[tuple[float, float, float, bool, bool] | None] = []
    before = 0.0 if one.kpi_code not in STOCKS else None
    steps: list[float | None] = []  # from what was there the day before
    left: list[tuple[int, float]] = []  # when a state left its band, and how far it was from its baseline
    for day, value in enumerate(one.values):
        steps.append(None if value is None or before is None else value - before)
        past = [d for d in range(max(0, day - v["baseline_days"]), day) if one.values[d] is not None]
        same = [step for d in past if (day - d) % 7 == 0 and (step := steps[d]) is not None]
        base = before + median(same) if same and value is not None and before is not None else None
        if value is not None and one.kpi_code in STOCKS:
            before = value
        distance = None
        if base is not None and not is_amount:
            distance = abs(value - base)  # type: ignore[operator]
        elif base is not None and base > 0:
            distance = abs(math.copysign(math.log1p(abs(value) / base), value) - math.log(2))  # type: ignore[arg-type]
        usual.append(base)
        distances.append(distance)
        seen = [distances[d] for d in past if distances[d] is not None]
        if base is None or len(past) < v["baseline_min_days"] or 2 * len(seen) < len(past) or distance is None:
            found.append(None)
            continue
        chance = 0.0
        size = one.sizes[day] if one.sizes else 0
        if unit == "count":
            chance = math.sqrt(max(base, 1))
        elif unit == "rate" and size:
            share = (base * size + 2) / (size + 4)
            chance = math.sqrt(share * max(1 - share, 0) / size)
        elif of == "count" and size:
            chance = math.sqrt(max(base * size, 1)) / size
        sigma = max(float(v["sigma_margin"]) * 1.4826 * median(seen), chance)  # type: ignore[type-var]
        if sigma == 0:
            found.append(None)
            continue
        reach = float(v["watch_sigmas"]) * sigma
        low, high = (math.log(2) - reach, math.log(2) + reach) if is_amount else (base - reach, base + reach)
        if is_amount:
            low, high = (math.copysign(base * math.expm1(abs(edge)), edge) for edge in (low, high))
        if unit in ("count", "rate", "minutes", "hours", "days"):
            low, high = max(low, 0), min(high, 1) if unit == "rate" else high
        far = float(v["alert_sigmas"]) * sigma
        if one.kpi_code in STOCKS:
            ahead = sum(step for d, step in left if d >= day - v["baseline_days"])
            low, high = max(low - max(ahead, 0), 0), high + max(-ahead, 0)
            if distance > reach:
                left.append((day, value - base))  # type: ignore[operator]
            distance -= max(ahead if value < base else -ahead, 0)  # type: ignore[operator]
        found.append((base, low, high, distance > reach, distance > far))
    return found


def random_series(chance: np.random.Generator) -> Series:
    code = str(chance.choice(list(KPIS)))
    sizes = None
    weekly = np.array([1, 1, 1, 1, 1, 0.3, 0.2])[np.arange(DAYS) % 7]
    if code == "n_stock":
        values = np.cumsum(chance.poisson(chance.choice([1, 20]) * weekly) - chance.poisson(0.3, DAYS)).astype(float)
    elif code == "n_count":
        values = chance.poisson(chance.choice([0.2, 3, 40]) * weekly).astype(float)
    elif code in ("n_amount", "n_ratio"):
        values = chance.lognormal(5, 1, DAYS) * weekly * (chance.random(DAYS) > 0.2) - 50 * (chance.random(DAYS) > 0.9)
        sizes = chance.integers(1, 50, DAYS).tolist() if code == "n_ratio" else None
    elif code == "n_minutes":
        values = np.round(chance.normal(60, 10, DAYS))
    else:
        sizes = chance.integers(1, 200, DAYS).tolist()
        values = chance.binomial(sizes, chance.choice([0.0, 0.1, 0.6])) / np.array(sizes)
    if code not in ("n_rate", "n_per_person", "n_stock"):
        values = values * np.where(chance.random(DAYS) > 0.98, 30, 1)
    gaps = chance.random(DAYS) < chance.choice([0, 0, 0.3])
    return Series(code, [None if gap else round(float(x), 2) for x, gap in zip(values, gaps, strict=True)], sizes)


def test_bands_are_those_of_the_definition(project: Project, bands: Bands) -> None:
    chance = np.random.default_rng(11)
    made = [random_series(chance) for _ in range(60)]
    seen: set[tuple[str, bool, bool]] = set()
    for one, days in zip(made, bands.of(made), strict=True):
        was_outside: bool = False
        for day, (found, expected) in enumerate(zip(days, reference(project, one), strict=True)):
            if one.values[day] is None:
                assert found.status == ""
                was_outside = False
                continue
            if expected is None:
                assert (found.baseline, found.status) == (None, "no_baseline"), (one.kpi_code, day)
                was_outside = False
                continue
            baseline, low, high, is_outside, is_far = expected
            assert (found.baseline, found.low, found.high) == pytest.approx((baseline, low, high), rel=1e-5, abs=2e-5)
            status = "alert" if is_far or (is_outside and was_outside) else "watch" if is_outside else "ok"
            assert found.status == status, (one.kpi_code, day, found, expected)
            was_outside = is_outside
            seen.add((one.kpi_code, is_outside, is_far))
    assert {code for code, outside, _ in seen if not outside} == set(KPIS)
    assert {outside for _, outside, _ in seen} == {far for _, _, far in seen} == {True, False}


def undisturbed(chance: np.random.Generator, count: int) -> list[Series]:
    """Series as companies have them: counts of every size, amounts of many and of few orders, rates of any size."""
    weekly = np.array([1, 1, 1, 1, 1, 0.4, 0.3])[np.arange(DAYS) % 7]
    made = []
    for number in range(count):
        kind = number % 5
        if kind == 0:
            made.append(Series("n_count", chance.poisson(chance.choice([0.5, 5, 50, 500]) * weekly).tolist()))
        elif kind == 1:
            orders = chance.poisson(chance.choice([1, 5, 20, 100]) * weekly)
            made.append(Series("n_amount", [round(float(chance.lognormal(7, 1, n).sum()), 2) for n in orders]))
        elif kind == 2:
            sizes = (1 + chance.poisson(chance.choice([4, 40, 400]) * weekly)).tolist()
            share = chance.choice([0.02, 0.3, 0.9])
            made.append(Series("n_rate", (chance.binomial(sizes, share) / np.array(sizes)).tolist(), sizes))
        elif kind == 3:
            made.append(Series("n_minutes", np.round(chance.normal(60, 10, DAYS), 2).tolist()))
        else:  # people who can be reached: some come, some go
            come, gone = (chance.poisson(chance.choice([1, 10, 100]) * weekly) for _ in range(2))
            made.append(Series("n_stock", (1000 + np.cumsum(2 * come - gone)).astype(float).tolist()))
    return made


def test_thirty_undisturbed_nights_raise_alerts_on_at_most_one_percent_of_the_watched_series(bands: Bands) -> None:
    """The band of a day rests on the days before it only, so the last thirty days are thirty nights."""
    found = bands.of(undisturbed(np.random.default_rng(7), 400))
    nights = [days[-NIGHTS:] for days in found]
    watched = [days for days in nights if any(day.baseline is not None for day in days)]
    alerted = [days for days in watched if any(day.status == "alert" for day in days)]
    assert len(watched) > 380
    assert len(alerted) <= 0.01 * len(watched), f"{len(alerted)} of {len(watched)}"


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("n_stock", lambda v: v / 2),
        ("n_count", lambda v: 0.0),
        ("n_count", lambda v: 3 * v),
        ("n_rate", lambda v: v / 4),
        ("n_amount", lambda v: 0.0),
    ],
    ids=["half of the people", "nothing came", "three times as many", "a quarter of the rate", "no revenue"],
)
def test_a_break_alerts_in_the_first_night_and_only_in_its_channel(bands: Bands, code: str, change: object) -> None:
    chance = np.random.default_rng(3)
    weekly = np.array([1, 1, 1, 1, 1, 0.4, 0.3])[np.arange(DAYS) % 7]
    sizes = [400] * DAYS if code == "n_rate" else None
    if code == "n_rate":
        values = (chance.binomial(400, 0.4, DAYS) / 400).tolist()
        others = (chance.binomial(400, 0.4, DAYS) / 400).tolist()
    elif code == "n_amount":
        values, others = ([round(float(chance.lognormal(7, 0.5, 300).sum()), 2) for _ in range(DAYS)] for _ in range(2))
    else:
        values, others = (chance.poisson(200 * weekly).astype(float).tolist() for _ in range(2))
    if code == "n_stock":
        values, others = (np.cumsum(listed).tolist() for listed in (values, others))
    broken = [*values[:BROKEN], change(values[BROKEN])]  # type: ignore[operator]
    hit, calm = bands.of([Series(code, broken, sizes), Series(code, others, sizes)])
    assert hit[BROKEN].status == "alert", hit[BROKEN]
    assert calm[BROKEN].status == "ok"
    assert all(day.status == "ok" for day in hit[-NIGHTS:BROKEN])


def test_a_state_that_goes_back_does_not_alert_and_one_that_falls_further_does(bands: Bands) -> None:
    """A mass message makes 300 more people active for seven days. Losing them again is usual, and only once."""
    chance = np.random.default_rng(5)
    week = (1000 + chance.integers(-20, 20, DAYS)).astype(float)
    week[-12:-5] += 300
    fallen, twice = week.copy(), week.copy()
    fallen[-5:] -= 300
    twice[-1] -= 300
    back, below, again = bands.of([Series("n_stock", values.tolist()) for values in (week, fallen, twice)])
    assert [day.status for day in back[-12:]] == ["alert", *["ok"] * 11]
    assert below[-5].status == again[-1].status == "alert"
    assert again[-5].status == "ok"


def test_a_day_with_five_people_does_not_alert(bands: Bands) -> None:
    """Whatever the five did, and whatever is usual."""
    chance = np.random.default_rng(9)
    made = []
    for share in (0.02, 0.1, 0.3, 0.5, 0.98):
        usual = (chance.binomial(300, share, BROKEN) / 300).tolist()
        for hits in range(6):
            made.append(Series("n_rate", [*usual, hits / 5], [300] * BROKEN + [5]))
    found = bands.of(made)
    assert {days[BROKEN].status for days in found} == {"ok", "watch"}
