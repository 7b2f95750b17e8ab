"""docs/tags.md as it is written: its SQL, on the release of the sample, gives the tables that the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.golden.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tags.md").read_text(encoding="utf-8")
# A query, and what the page says comes out of it.
QUERIES = re.findall(r"^```sql\n(.*?)^```\n(?:\n```\n(.*?)^```$)?", PAGE, re.MULTILINE | re.DOTALL)
QUESTIONS = [(sql, shown) for sql, shown in QUERIES if shown]


def table(night: Ran, sql: str) -> tuple[str, int]:
    """Return the rows below their column names, as the page shows them, and the number of rows."""
    with night.connect() as con:
        found = con.execute(sql)
        rows = [[name for name, *_ in found.description], *([str(v) for v in row] for row in found.fetchall())]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n", len(rows) - 1


@pytest.mark.parametrize("number", range(3))
def test_a_question_of_a_marketer_has_the_answer_that_the_page_shows(number: int, night: Ran) -> None:
    sql, shown = QUESTIONS[number]
    said, count = table(night, sql)
    assert said == shown, f"docs/tags.md shows another table than this:\n{said}"
    assert count and sql.count("select") == 1 and "from tags.person_profile\n" in sql


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_a_query_of_the_page_runs(number: int, night: Ran) -> None:
    sql, _ = QUERIES[number]
    assert table(night, sql)[1] or "uncomputable" in sql


def test_the_page_has_three_questions_with_answers() -> None:
    assert len(QUESTIONS) == 3 and len(QUERIES) == PAGE.count("```sql") == 8
