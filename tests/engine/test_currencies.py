"""Currencies as people write them: the macro, with the currency of the vars and a table of a layer."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import jinja2
import pytest

from siyu.seeds.money_tables import currency_errors, exchange_rate_errors

ROOT = Path(__file__).resolve().parents[2]
BASE = (ROOT / "seeds" / "reference" / "currencies.csv").read_text(encoding="utf-8")


def _codes(texts: list[str], home: str, table: str = BASE) -> list[str | None]:
    rows = list(csv.DictReader(table.splitlines()))
    module = (
        jinja2.Environment(undefined=jinja2.StrictUndefined)
        .from_string((ROOT / "macros" / "money.sql").read_text(encoding="utf-8"))
        .make_module(
            {
                "var": {"currency": home}.__getitem__,
                "reference": {"currencies": rows}.__getitem__,
                "literal": lambda text: "'" + text.replace("'", "''") + "'",
            }
        )
    )
    value = module.currency_code("v")  # type: ignore[attr-defined]
    given = "(select unnest(?::varchar[]) as v, generate_subscripts(?, 1) as i)"
    return [row[0] for row in duckdb.execute(f"select {value} from {given} order by i", [texts, texts]).fetchall()]


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("CNY", {"¥": "CNY", "￥": "CNY", "$": "USD", "元": "CNY", "CN¥": "CNY", "JP¥": "JPY", "HK$": "HKD"}),
        ("JPY", {"¥": "JPY", "￥": "JPY", "$": "USD", "元": "JPY", "CN¥": "CNY", "JP¥": "JPY", "HK$": "HKD"}),
        ("HKD", {"¥": "CNY", "￥": "CNY", "$": "HKD", "元": "HKD", "US$": "USD", "人民币": "CNY", "＄": "HKD"}),
    ],
)
def test_a_sign_of_several_currencies_is_that_of_the_vars(home: str, expected: dict[str, str]) -> None:
    assert dict(zip(expected, _codes(list(expected), home), strict=True)) == expected


def test_case_blanks_dots_and_width_make_no_difference() -> None:
    forms = [
        "rmb",
        " R.M.B. ",
        "ｒｍｂ",
        "RMB\t",
        "\u3000人民币\u00a0",
        "us $",
        "欧 元",
        "eur",
        "hkd",
        "",
        " ",
        "taler",
    ]
    expected = ["CNY"] * 5 + ["USD", "EUR", "EUR", "HKD", None, None, "TALER"]
    assert _codes(forms, "CNY") == expected


def test_a_table_of_a_layer_decides_and_may_be_empty() -> None:
    table = "written_form,currency,home_currencies\n¥,JPY,\nTaler,XTH,\n,CNY,\n"
    assert _codes(["￥", "taler", "rmb"], "CNY", table) == ["JPY", "XTH", "RMB"]
    assert _codes(["¥", "usd"], "CNY", "written_form,currency,home_currencies\n") == ["¥", "USD"]


def test_every_row_of_the_table_names_a_code() -> None:
    rows = list(csv.DictReader(BASE.splitlines()))
    assert all(len(code) == 3 and code.isascii() and code.isupper() for row in rows for code in [row["currency"]])
    assert len({row["written_form"] for row in rows}) == len(rows)


def _row(number: int) -> str:
    return f"row {number}"


def test_the_shipped_tables_have_no_problem() -> None:
    rates = ROOT / "seeds" / "sample" / "reference" / "exchange_rates.csv"
    assert not currency_errors(list(csv.DictReader(BASE.splitlines())), _row)
    assert not exchange_rate_errors(list(csv.DictReader(rates.read_text(encoding="utf-8").splitlines())), _row)


def test_a_rate_that_no_engine_reads_is_told_before_anything_runs() -> None:
    good = [
        "USD,2026-06-30,7.1215",
        "美元,2026/6/1, 7 ",
        "JPY,2026-06-30,0.00000001",
        "X,2026-06-30,12345678.123456789",
    ]
    bad = {
        ",2026-06-30,7.1": "currency is empty",
        "USD,30.6.2026,7.1": "rate_date is '30.6.2026'",
        "USD,2026-02-30,7.1": "rate_date is '2026-02-30'",
        "USD,2026-06-30,": "rate is ''",
        **{f"USD,2026-06-30,{rate}": f"rate is '{rate}'" for rate in ("7.1x", "0", "0.00", "-7", "123456789", "７")},
        'USD,2026-06-30,"7,1"': "rate is '7,1'",
    }
    rows = list(csv.DictReader(["currency,rate_date,rate", *good, *bad]))
    told = [(error.where, error.problem) for error in exchange_rate_errors(rows, _row)]
    assert told == [
        (f"row {number}", f"exchange_rates: {problem}") for number, problem in enumerate(bad.values(), len(good) + 2)
    ]


def test_a_written_form_needs_a_code() -> None:
    rows = list(
        csv.DictReader(["written_form,currency,home_currencies", "xx,US $,", ",CNY,", "元,CNY,TWD H$D", "T,TOK,"])
    )
    assert [(error.where, error.problem) for error in currency_errors(rows, _row)] == [
        ("row 2", "currencies: currency is 'US $'"),
        ("row 3", "currencies: written_form is empty"),
        ("row 4", "currencies: home_currencies is 'H$D'"),
    ]
    short = list(csv.DictReader(["written_form,currency", "xx,USD"]))  # a layer's table may lack home_currencies
    assert not currency_errors(short, _row)
