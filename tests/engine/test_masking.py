"""Masking: in SQL and in Python the same, however a mobile is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
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
    "order 202606301234567890": "order 202606301234567890",
    "12345678901": "12345678901",
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
