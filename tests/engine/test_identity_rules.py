"""identity_rules.csv, checked before anything is built."""

from __future__ import annotations

import csv

import duckdb
import pytest

from siyu.compile.identifiers import load_identifier_types
from siyu.compile.rules import check_rules
from siyu.errors import SiyuError
from siyu.settings import base_layer


def check(decided_at: str) -> None:
    with (base_layer() / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = load_identifier_types(list(csv.DictReader(file)), "identifier_types.csv")
    row = {
        "decision": "exclude", "left_id": "mobile:13912345678", "right_id": "", "decided_at": decided_at,
        "decided_by": "wang", "reason": "so",
    }  # fmt: skip
    check_rules([row], types, "identity_rules.csv")


@pytest.mark.parametrize(
    "text",
    ["2026-06-30", "2026-06-30 08:15", "2026-06-30T08:15:00Z", "2026-06-30 08:15:00.5"],
)
def test_a_moment_is_read_by_the_engine_too(text: str) -> None:
    check(text)
    assert duckdb.connect().execute("select cast(? as timestamp)", [text]).fetchone() is not None


@pytest.mark.parametrize(
    "text", ["20260630", "2026-W26-2", "2026-06-30 08", "20260630T081500", "2026-06-30 08:15:00,5", "2026-06-30x08:15",
             "2026-06-30\u300008:15", "2026-13-01", "2026-06-30 08:15+08:00"]
)  # fmt: skip
def test_what_only_python_takes_for_a_moment_is_told(text: str) -> None:
    with pytest.raises(SiyuError, match="decided_at"):
        check(text)
