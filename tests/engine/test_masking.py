"""Masking: in SQL and in Python the same, however a mobile is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.errors import SqlProblem
from siyu.masking import masked, without_values

WRITTEN = {
    "13812345678": "138****5678",
    "+8613812345678": "+86138****5678",
    "0086 138-1234-5678": "0086 138****5678",
    "138-1234-5678": "138****5678",
    "138 1234 5678": "138****5678",
    "138.1234.5678": "138****5678",
    "微信wx13812345678": "微信wx138****5678",
    "tel_13812345678_x": "tel_138****5678_x",
    "１３８１２３４５６７８": "138****5678",
    "13812345678,13912345678": "138****5678,139****5678",
    "13812345678 13912345678 13712345678": "138****5678 139****5678 137****5678",
    "zhang.san@firm.cn 13812345678": "z***@firm.cn 138****5678",
    "tel=%2B8613812345678&x=1": "tel=%2B86138****5678&x=1",
    "q=%7B%22tel%22%3A%2213812345678%22%7D": "q=%7B%22tel%22%3A%22138****5678%22%7D",
    "138%201234%205678": "138****5678",
    "138\u20111234\u20115678": "138****5678",
    "mail=zhang.san%40firm.cn&x=1": "mail=z***%40firm.cn&x=1",
    "next=%3Fmail%3Dzhang%2540firm.cn": "next=%3***%2540firm.cn",
    "ｚｈａｎｇ＠ｆｉｒｍ．ｃｎ": "z***@firm.cn",
    "oHLbCISO6Y1U93q-P2xlNg9a7rrc": "o***",
    "unionid:oHLbCISO6Y1U93q-P2xlNg9a7rrc,oZBaH5seqytIO8FqBY52JX46G3cQ": "unionid:o***,o***",
    "/a?openid%3DoHLbCISO6Y1U93q-P2xlNg9a7rrc%26x": "/a?openid%3Do***%26x",
    "wmya-bX3Iln7AY0XrWG_eLu_gc": "wm***",
    "woAJ2GCAAAXtWyujaWJHDDGi0mACHAAA": "wo***",
    "official-account-of-the-firm": "official-account-of-the-firm",
    "contacts_oHLbCISO6Y1U93q-P2xlNg9a7rrc_1.csv": "contacts_o***_1.csv",
    "/products/oHLbCISO6Y1U93q-P2xlNg9a7rrcAndMore": "/products/oHLbCISO6Y1U93q-P2xlNg9a7rrcAndMore",
    "价格：１００元，请联系我": "价格：100元，请联系我",
    "order 202606301234567890": "order 202606301234567890",
    "12345678901": "12345678901",
    "a@b.cn@c.cn": "a***@b***@c.cn",
    "nothing": "nothing",
}


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"))
    yield engine.session()
    engine.close()


@pytest.mark.parametrize("text", WRITTEN)
def test_sql_and_python_mask_alike(session: DuckSession, text: str) -> None:
    assert session.value("select fn_mask_text(?)", [text]) == masked(text) == WRITTEN[text]


@pytest.mark.parametrize("text", ["13812345678", "+8613812345678", "zhang@firm.cn", "王小明", "K-0001234"])
def test_a_value_masked_whole_is_not_in_it(session: DuckSession, text: str) -> None:
    shown = session.value("select fn_mask(?)", [text])
    assert "*" in shown and text not in shown


def test_an_engine_message_loses_the_values_it_quotes() -> None:
    message = "Conversion Error: Could not convert string '王一+8613900000001' to INT32\n\nLINE 1: x"
    assert without_values(message) == "Conversion Error: Could not convert string '…' to INT32 LINE 1: x"


SECRET = "王小明 88"
FAILING = {
    "select strptime(v, '%Y-%m-%d') from t": 'Could not parse string "…" according to format specifier "%Y-%m-%d"',
    "select cast(v as date) from t": 'invalid date field format: "…"',
    "select cast(v as decimal(3, 2)) from t": 'Could not convert string "…" to DECIMAL(3,2)',
    "select cast(v as json) from t": 'Input: "…"',
    "select cast(v as integer[]) from t": "Type VARCHAR with value … can't be cast",
    "select cast(n as integer) from t": "Type INT64 with value … can't be cast",
}


@pytest.mark.parametrize("sql", FAILING)
def test_what_the_engine_says_of_a_bad_value_does_not_show_it(session: DuckSession, sql: str) -> None:
    session.execute(f'create or replace table t as select \'{{"name": "{SECRET}"\' as v, 7654321000 as n')
    with pytest.raises(SqlProblem) as error:
        session.rows(sql)
    assert SECRET in error.value.problem or "7654321000" in error.value.problem
    told = without_values(error.value.problem)
    assert FAILING[sql] in told
    assert not any(text in told for text in ("王小明", "88", "name", "7654321000"))
