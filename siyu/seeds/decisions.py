"""Human decisions about identifiers, reference/identity_rules.csv: checked whole before anything is built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.identifier_types import IdentifierTypes

COLUMNS = ("decision", "left_id", "right_id", "decided_at", "decided_by", "reason")
DECISIONS = ("link", "unlink", "exclude")
# What Python and every engine read as the same moment; 20260630 or 2026-W26-2 only Python does.
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-]00:00)?)?")


def check_rules(rows: Sequence[Mapping[str, str]], types: IdentifierTypes, where: str) -> None:
    """Raise ConfigError for rows that say nothing a rerun could obey, every problem told at once."""
    raise_all(rule_errors(rows, types, where))


def rule_errors(rows: Sequence[Mapping[str, str]], types: IdentifierTypes, where: str) -> list[SiyuError]:
    """Every problem of the rows."""
    errors: list[SiyuError] = []
    for number, row in enumerate(rows, start=2):
        place = f"{where}, row {number}"
        errors += [ConfigError(problem, place, fix) for problem, fix in _problems(row, types)]
    return errors


def _problems(row: Mapping[str, str], types: IdentifierTypes) -> list[tuple[str, str]]:
    decision = row["decision"].strip().lower()
    found = []
    if decision not in DECISIONS:
        found.append((f"{row['decision']!r} is no decision", nearest(decision, DECISIONS)))
    left, right = row["left_id"].strip(), row["right_id"].strip()
    found += wrong_identifier(left, types)
    if decision == "exclude" and right:
        found.append(("an exclusion names one identifier, not two", "leave right_id empty; write a row for each."))
    elif decision != "exclude":
        found += wrong_identifier(right, types)
    if not found and right:
        if left == right:
            found.append((f"{left} is named twice", "name two identifiers."))
        entities = [types.named(side.partition(":")[0]).entity for side in (left, right)]
        if entities[0] != entities[1]:
            found.append((f"{left} is a {entities[0]}'s and {right} a {entities[1]}'s", "name two of one kind."))
    if not _is_moment(row["decided_at"].strip()):
        found.append(
            (f"decided_at is {row['decided_at']!r}", "write 2026-06-30 08:15:00 (UTC): the latest decision counts.")
        )
    found += [(f"{name} is empty", "write who and why.") for name in ("decided_by", "reason") if not row[name].strip()]
    return found


def wrong_identifier(text: str, types: IdentifierTypes) -> list[tuple[str, str]]:
    """(problem, fix) of what should be an id_type:id_value that identifies a person or a company."""
    id_type, colon, value = text.partition(":")
    if not colon or not value.strip():
        return [(f"{text!r} is no identifier", "write id_type:id_value, such as mobile:13912345678.")]
    identifying = [*types.of("person"), *types.of("company")]
    return (
        [] if id_type in identifying else [(f"{id_type!r} is no type that identifies", nearest(id_type, identifying))]
    )


def _is_moment(text: str) -> bool:
    if not MOMENT.fullmatch(text):
        return False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.utcoffset() is None or not moment.utcoffset()
