"""docs/tags.md as it is written: its SQL, on the release of the sample, gives the tables that the page shows."""

from __future__ import annotations

import pytest

from tests.golden.conftest import Ran
from tests.golden.pages import queries, table

QUERIES = queries("tags.md")
QUESTIONS = [(sql, shown) for sql, shown in QUERIES if shown]


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
    assert len(QUESTIONS) == 3 and len(QUERIES) == 8
