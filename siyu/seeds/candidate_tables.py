"""The verdicts on candidates (reference/candidate_decisions.csv), validated before anything is built."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.seeds.decisions import is_moment, is_record, wrong_side
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.rule_rows import Text, fits
from siyu.seeds.table_checks import Cells, Found, Table

TABLE = "candidate_decisions"
Verdict = Literal["accept", "refuse", "unsure"]
Entity = Literal["person", "company"]
CANDIDATE_ID = re.compile("K[0-9a-f]{12}")
SCORE = re.compile(r"0([.][0-9]{1,3})?|1([.]0{1,3})?")
RECORD = re.compile(r"[a-z][a-z0-9_]*:\S.*")


class CandidateDecision(BaseModel):
    """What a steward said about a candidate. The latest row of a candidate counts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    candidate_id: Annotated[str, fits(CANDIDATE_ID, "write K and 12 hex digits, as siyu candidates prints it.")]
    entity: Entity
    verdict: Verdict
    score: Annotated[str, fits(SCORE, "write a number from 0 to 1 with at most 3 digits after the point.")]
    generators: Text
    left_id: str | None
    right_id: str | None
    left_record: str | None
    right_record: str | None
    decided_at: str | None
    decided_by: Text


def _candidate_decision(row: Cells, types: IdentifierTypes) -> Found:
    sides = [row["left_id"], row["right_id"]]
    wrong = [problem for side in sides for problem in wrong_side(side, types)]
    yield from wrong
    if not wrong:
        if sides[0] == sides[1]:
            yield f"{sides[0]} is on both sides", "name two different identifiers."
        for side in sides:
            if is_record(side):  # a record may be about either
                continue
            entity = types.named(side.partition(":")[0]).entity
            if row["entity"] in ("person", "company") and entity != row["entity"]:
                yield f"{side} identifies a {entity}, but entity is {row['entity']}", "correct one of them."
    for name in ("left_record", "right_record"):
        if row[name] and not RECORD.fullmatch(row[name]):
            yield f"{name} is {row[name]!r}", "write channel:record_id, such as crm:contacts:K0001, or leave it empty."
    if not is_moment(row["decided_at"]):
        yield (
            f"decided_at is {row['decided_at']!r}",
            "write UTC, such as 2026-06-30 08:15:00: the latest verdict counts.",
        )


CANDIDATE_TABLES = {TABLE: Table(CandidateDecision, of_row=_candidate_decision)}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in CANDIDATE_TABLES.items()}
