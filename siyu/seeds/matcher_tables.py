"""Pairs of outside matchers (reference/matcher_pairs.csv), checked before anything is built.

A record that the data does not have is no error here: it may have left with its channel.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.seeds.identifier_types import NAME, IdentifierTypes
from siyu.seeds.rule_rows import fits
from siyu.seeds.table_checks import Cells, Found, Table

RECORD = re.compile(r"[a-z][a-z0-9_]*:\S(.*\S)?")
PROBABILITY = re.compile(r"0([.][0-9]{1,6})?|1([.]0{1,6})?")
RECORD_FIX = "write channel:record_id, as in identity.record_person: crm:contacts:K0001."


class MatcherPair(BaseModel):
    """Two records that a matcher takes for one person or company, and how sure it is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    matcher: Annotated[str, fits(NAME, "write the name of the matcher in lower case: splink.")]
    left_record: Annotated[str, fits(RECORD, RECORD_FIX)]
    right_record: Annotated[str, fits(RECORD, RECORD_FIX)]
    probability: Annotated[str, fits(PROBABILITY, "write a number from 0 to 1 with a point: 0.93.")]
    entity: Literal["person", "company"]


def _two_records(row: Cells, _: IdentifierTypes) -> Found:
    if row["left_record"] and row["left_record"] == row["right_record"]:
        yield f"{row['left_record']} is on both sides", "name two records."


MATCHER_TABLES = {
    "matcher_pairs": Table(MatcherPair, (("matcher", "entity", "left_record", "right_record"),), of_row=_two_records),
}
COLUMNS = tuple(MatcherPair.model_fields)
