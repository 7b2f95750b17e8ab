"""docs/audience.md as it is written: its SQL, on the release of the sample, gives the tables that the page shows."""

from __future__ import annotations

import pytest

from tests.golden.conftest import Ran
from tests.golden.pages import queries, table

QUERIES = queries("audience.md")


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_a_query_of_the_page_gives_what_the_page_shows(number: int, night: Ran) -> None:
    sql, shown = QUERIES[number]
    said, count = table(night, sql)
    assert count or "ops.access" in sql  # nobody has taken a list out of the release of a test
    assert said == shown or not shown, f"docs/audience.md shows another table than this:\n{said}"


def test_the_page_shows_an_answer_for_each_list() -> None:
    shown = " ".join(sql for sql, answer in QUERIES if answer)
    for name in (
        "segment",
        "invite_event",
        "invite_list",
        "lead_handoff",
        "next_action",
        "next_action_gap",
        "sop_position",
    ):
        assert f"audience.{name}" in shown, name
