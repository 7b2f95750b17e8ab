"""The version of a rule changes when its query does, and only then."""

from __future__ import annotations

import pytest

from siyu.compile.analyse import rule_version

QUERY = "select 'a b' as x, n * 1.50 as y from t where n > 1"


@pytest.mark.parametrize(
    "sql",
    [
        "-- Why.\nselect\n    'a b' as x,  -- A comment.\n    n * 1.50 as y\nfrom t\nwhere n > 1",
        "/* Why. */ select 'a b' as x, n * 1.50 as y from t where n > 1",
    ],
)
def test_comments_and_layout_do_not_count(sql: str) -> None:
    assert rule_version(sql) == rule_version(QUERY)


@pytest.mark.parametrize(
    "sql",
    [
        QUERY.replace("'a b'", "'a  b'"),
        QUERY.replace("'a b'", "'a -- b'"),
        QUERY.replace("'a b'", '"a b"'),
        QUERY.replace("1.50", "1.51"),
        QUERY.replace("n >", "n >="),
    ],
)
def test_everything_else_counts(sql: str) -> None:
    assert rule_version(sql) != rule_version(QUERY)
