"""The functions that models call by their fn_ name, with the values that people write."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.engines.functions import FUNCTIONS
from siyu.engines.sql import quoted

VALUES: dict[str, Any] = {
    "fn_trim(' \u200bR11\t')": "R11",
    "fn_trim('\ufeff 王 芳\u00a0\u3000')": "王 芳",
    "fn_trim('\u200b \t')": None,
    "fn_trim(null)": None,
    "fn_folded(' 数控（ＣＮＣ）　Machine Tools')": "数控(cnc) machine tools",
    "fn_folded('１－４９人')": "1-49人",
    "fn_folded('　')": None,
    "fn_folded(null)": None,
    "fn_try_date('31.12.2026 ', '%d.%m.%Y')": "2026-12-31",
    "fn_try_date('2026年6月28日', ['%Y-%m-%d', '%Y年%m月%d日'])": "2026-06-28",
    "fn_try_date('31.02.2026', '%d.%m.%Y')": None,
    "fn_try_date('soon', ['%d.%m.%Y', '%Y-%m-%d'])": None,
    "fn_try_date('28.05.26', ['%d.%m.%Y', '%Y-%m-%d'])": None,
    "fn_try_date('28.05.26', ['%d.%m.%y', '%d.%m.%Y'])": "2026-05-28",
    "fn_try_date('28.05.2026', ['%d.%m.%y', '%d.%m.%Y'])": "2026-05-28",
    "fn_try_date('infinity', '%d.%m.%Y')": None,
    "fn_try_timestamp('epoch', ['%d.%m.%Y', '%Y-%m-%d'])": None,
    "fn_try_timestamp('28.05.26 08:30 +0200', '%d.%m.%Y %H:%M %z')": None,
    "fn_try_timestamp('6/28/2026 8:30', '%m/%d/%Y %H:%M')": "2026-06-28 00:30:00",
    "fn_try_timestamp('2026-06-28 08:30 +0200', ['%Y-%m-%d %H:%M %z', '%Y'])": "2026-06-28 06:30:00",
    "fn_try_timestamp('28.6.', '%d.%m.%Y')": None,
    "fn_try_decimal(' 1,234.50', '.')": "1234.500000",
    "fn_try_decimal('1.234,50', ',')": "1234.500000",
    "fn_try_decimal('1 234 567\u00a0890', ',')": "1234567890.000000",
    "fn_try_decimal('-1''000.5', '.')": "-1000.500000",
    "fn_try_decimal('12,5', '.')": None,
    "fn_try_decimal('1.2.3', '.')": None,
    "fn_try_decimal('12 yuan', '.')": None,
    "fn_try_decimal('1234567890123', '.')": None,
    "fn_edit_distance('13900001234', '13900001243')": "1",
    "fn_edit_distance('王小丽', '王晓丽')": "1",
    "fn_edit_distance('华阳机电', '华机阳电')": "1",
    "fn_edit_distance('müller', 'mueller')": "2",
    "fn_edit_distance('王''丽', '王丽')": "1",
    "fn_edit_distance(null, '王丽')": None,
    # Three of four letters agree, at the beginning: (3/4 + 3/4 + 1) / 3 = 0.8333, and 0.3 of the rest.
    "fn_similarity('华阳机电', '华阳机械')": "0.8833",
    "fn_similarity('华阳', '东恒')": "0.0000",
    "fn_abbreviates('一汽', '第一汽车')": "False",
    "fn_abbreviates('第汽', '第一汽车')": "True",
    "fn_abbreviates('一.', '一汽')": "False",
}
LETTERS = "王丽晓aß'"


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", "k"))
    yield engine.session()
    engine.close()


@pytest.mark.parametrize("call", VALUES)
def test_what_a_function_makes_of_a_text(session: DuckSession, call: str) -> None:
    value = session.value(f"select {call}")
    assert (None if value is None else str(value)) == VALUES[call]


def _one_edit_away(text: str) -> set[str]:
    """Every text of LETTERS with one letter more, less or another, or with two neighbours swapped; the text, too."""
    cut = [(text[:place], text[place:]) for place in range(len(text) + 1)]
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cut if len(right) > 1}
    return (
        {text}
        | swapped
        | {left + right[1:] for left, right in cut if right}
        | {left + letter + right for left, right in cut for letter in LETTERS}
        | {left + letter + right[1:] for left, right in cut if right for letter in LETTERS}
    )


def test_letters_of_every_script_count_as_one(session: DuckSession) -> None:
    chance = random.Random(5)
    texts = ["".join(chance.choices(LETTERS, k=chance.randint(1, 5))) for _ in range(400)]
    near = 0
    for one in texts[:40]:
        values = ", ".join(f"({quoted(text)})" for text in texts)
        query = f"select t.other, fn_edit_distance({quoted(one)}, t.other) from (values {values}) as t (other)"
        for other, distance in session.rows(query):
            assert (distance <= 1) == (other in _one_edit_away(one)), (one, other, distance)
            near += distance == 1
    assert near > 300


def test_the_types_are_those_of_the_record_shapes(session: DuckSession) -> None:
    types = "typeof(fn_try_date('', '%d')), typeof(fn_try_timestamp('', '%z')), typeof(fn_try_decimal('', '.'))"
    assert session.rows(f"select {types}") == [("DATE", "TIMESTAMP", "DECIMAL(18,6)")]


def test_the_document_lists_every_function() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert all(f"| `{one.name}({one.parameters})` |" in text for one in FUNCTIONS)
