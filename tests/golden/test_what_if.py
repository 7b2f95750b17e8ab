"""`siyu kpi --what-if` on the release of the sample: both formulas, exactly, and what it refuses."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from siyu.ask.kpi_what_if import DRIVERS, kpi_what_if
from siyu.cli import app
from tests.golden.conftest import Ran

MONTH = "2026-06"
REVENUE = (
    "select buyers, orders, known_amount, unknown_amount, refund_amount, net_amount from kpi.revenue_formula"
    f" where month = '{MONTH}' and dimension = 'total'"
)
ENERGY = (
    "select line, guide_customers, people_count, buyer_count, net_amount from kpi.energy_formula"
    f" where month = '{MONTH}'"
)
Lines = dict[str, dict[str, Any]]


@pytest.fixture
def ask(night: Ran, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))

    def asked(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["kpi", *arguments])

    return asked


def formula(night: Ran, *asked: str) -> tuple[Lines, Lines]:
    told = kpi_what_if(night.settings, asked)
    assert told["month"] == MONTH and told["is_complete"]
    revenue, energy = ({line["line"]: line for line in one["lines"]} for one in told["formulas"])
    return revenue, energy


def cents(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_today_is_as_the_statements_say(night: Ran) -> None:
    revenue, energy = formula(night, "buyers=+0%", "reach_rate=-0%")
    with night.connect() as con:
        [(buyers, orders, known, unknown, refunds, net)] = con.execute(REVENUE).fetchall()
        lines = {row[0]: row[1:] for row in con.execute(ENERGY).fetchall()}
    for side in ("today", "what_if"):
        assert [revenue[name][side] for name in ("buyers", "orders", "known_amount", "unknown_amount", "refunds")] == [
            buyers, orders, known, unknown, refunds,
        ]  # fmt: skip
        assert revenue["gmv"][side] == known + unknown
        assert revenue["net_revenue"][side] == energy["net_revenue"][side] == net
        guides, people, among, amount = lines["reached"]
        names = ("guide_customers", "people_reached", "buyers_reached", "amount_reached")
        assert [energy[name][side] for name in names] == [guides, people, among, amount]
        assert [energy[f"amount_{line}"][side] for line in ("not_reached", "no_guide")] == [
            lines[line][3] for line in ("not_reached", "no_guide")
        ]
    assert all(line["change"] in (0, None) for line in (*revenue.values(), *energy.values()))


def test_changes_and_values_of_every_driver(night: Ran) -> None:
    revenue, energy = formula(
        night, "buyers=+10%", "人均订单数=-5%", "order_value=1000", "Refunds=+50.5%", "guide_customers=200",
        "reach_rate=0.9", "scene_conversion_rate=-10 %", "revenue_per_buyer=+1%",
    )  # fmt: skip
    with night.connect() as con:
        [(buyers, orders, known, unknown, refunds, net)] = con.execute(REVENUE).fetchall()
        lines = {row[0]: row[1:] for row in con.execute(ENERGY).fetchall()}
    more, fewer = Fraction(buyers) * 11 / 10, Fraction(orders, buyers) * 95 / 100
    amount = more * fewer * 1000
    back = Fraction(refunds) * Fraction("1.505")
    assert revenue["buyers"]["what_if"] == Decimal("16.5") and revenue["known_amount"]["today"] == known
    assert revenue["orders"]["what_if"] == Decimal(str(float(more * fewer)))
    assert revenue["known_amount"]["what_if"] == cents(amount)
    assert revenue["refunds"]["what_if"] == cents(back)
    assert revenue["net_revenue"]["what_if"] == cents(amount + Fraction(unknown) - back)
    assert revenue["net_revenue"]["change"] == cents(amount + Fraction(unknown) - back - Fraction(net))
    guides, people, among, reached = lines["reached"]
    customers = 200 * Fraction(9, 10) * Fraction(among, people) * Fraction(9, 10)
    wanted = customers * Fraction(reached) / among * Fraction(101, 100)
    assert energy["amount_reached"]["what_if"] == cents(wanted)
    rest = sum(Fraction(lines[line][3]) for line in ("not_reached", "no_guide"))
    assert energy["net_revenue"]["what_if"] == cents(wanted + rest)
    assert energy["people_reached"]["what_if"] == 180 and guides != 200


def test_the_table_has_today_beside_it(night: Ran, ask: Any) -> None:
    result = ask("--what-if", "buyers=+10%")
    assert result.exit_code == 0, result.output
    text = result.output
    assert text.startswith(f"what if 假设 buyers=+10% in {MONTH}\n")
    assert "Revenue formula 收入公式\n" in text
    assert "Energy formula 私域能量公式: no driver of it changes 驱动因素未变\n" in text
    revenue, _ = formula(night, "buyers=+10%")
    [line] = re.findall(r"^= net_revenue .*$", text.partition("Energy")[0], re.MULTILINE)
    for side in ("today", "what_if", "change"):
        assert f"{revenue['net_revenue'][side]:,.2f}" in line
    told = json.loads(ask("--what-if", "buyers=+10%", "--json").output)
    assert told["changes"] == [{"driver": "buyers", "given": "+10%"}]
    assert [one["is_changed"] for one in told["formulas"]] == [True, False]


def test_another_month(night: Ran, ask: Any) -> None:
    told = json.loads(ask("--what-if", "buyers=1", "--date", "2026-03-05", "--json").output)
    assert told["month"] == "2026-03"
    result = ask("--what-if", "buyers=1", "--date", "2020-03-05")
    assert result.exit_code == 2 and "there is no revenue of 2020-03" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--what-if", "buyer=+10%"], ["there is no driver 'buyer'", "did you mean buyers?"]),
        (["--what-if", "sunshine=+10%"], ["there is no driver 'sunshine'", "reach_rate"]),
        (["--what-if", "reach_rate=+900%"], ["makes the rate", "more than 1"]),
        (["--what-if", "scene_conversion_rate=1.5"], ["makes the rate 1.5, which is more than 1"]),
        (["--what-if", "buyers=-101%"], ["less than nothing"]),
        (["--what-if", "buyers=10%"], ["is not a change of a driver", "buyers=+10%"]),
        (["--what-if", "buyers=-10"], ["is not a change of a driver"]),
        (["--what-if", "buyers"], ["is not a change of a driver"]),
        (["--what-if", "=5"], ["is not a change of a driver"]),
        (["--what-if", "buyers=1", "--what-if", "成交客户数=2"], ["buyers is changed twice"]),
        (["gmv", "--what-if", "buyers=1"], ["--what-if is about net revenue"]),
        (["--what-if", "buyers=1", "--why"], ["--by, --member and --why are for one KPI"]),
    ],
)
def test_what_is_refused(ask: Any, arguments: list[str], told: list[str]) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert all(text in result.stderr for text in told), result.stderr


def test_the_drivers_are_columns_of_the_formulas(night: Ran) -> None:
    with night.connect() as con:
        tables = "('revenue_formula', 'energy_formula')"
        columns = {row[0] for row in con.execute(
            f"select column_name from duckdb_columns() where table_name in {tables}").fetchall()}  # fmt: skip
    assert {driver for driver in DRIVERS if driver != "refunds"} <= columns and "refund_amount" in columns
