"""Human decisions about identifiers and records (reference/identity_rules.csv), validated before anything is built."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.identifier_types import IdentifierTypes

COLUMNS = ("decision", "left_id", "right_id", "decided_at", "decided_by", "reason")
DECISIONS = ("link", "unlink", "exclude")
RECORD = "record"  # record:crm:contacts:K0001 names a record: its channel, and its record_id
# Only forms that Python and every engine read alike. Python alone also reads 20260630 and 2026-W26-2.
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+-]00:00)?)?")


def check_rules(rows: Sequence[Mapping[str, str]], types: IdentifierTypes, where: str) -> None:
    """Raise ConfigError with every problem that keeps a run from following a row."""
    raise_all(rule_errors(rows, types, where))


def rule_errors(rows: Sequence[Mapping[str, str]], types: IdentifierTypes, where: str) -> list[SiyuError]:
    """Return every problem of the rows. The first row is row 2 of the file."""
    errors: list[SiyuError] = []
    for number, row in enumerate(rows, start=2):
        place = f"{where}, row {number}"
        errors += [ConfigError(problem, place, fix) for problem, fix in _problems(row, types)]
    return errors


def _problems(row: Mapping[str, str], types: IdentifierTypes) -> list[tuple[str, str]]:
    decision = row["decision"].strip().lower()
    found = []
    if decision not in DECISIONS:
        found.append((f"{row['decision']!r} is not a decision", nearest(decision, DECISIONS)))
    left, right = row["left_id"].strip(), row["right_id"].strip()
    found += wrong_side(left, types)
    if decision == "exclude" and is_record(left):
        found.append(("an exclusion names an identifier, not a record", "name the identifier that is wrong."))
    if decision == "exclude" and right:
        found.append(
            ("an exclusion names one identifier, not two", "leave right_id empty and write a row for each identifier.")
        )
    elif decision != "exclude":
        found += wrong_side(right, types)
    if not found and right:
        if left == right:
            found.append((f"{left} is on both sides", "name two different identifiers."))
        named = [side for side in (left, right) if not is_record(side)]  # a record may be about either
        entities = [types.named(side.partition(":")[0]).entity for side in named]
        if len(set(entities)) > 1:
            found.append((f"{left} identifies a {entities[0]}, {right} a {entities[1]}", "name two of the same kind."))
    if not is_moment(row["decided_at"].strip()):
        found.append(
            (
                f"decided_at is {row['decided_at']!r}",
                "write UTC, such as 2026-06-30 08:15:00: the latest decision wins.",
            )
        )
    found += [
        (f"{name} is empty", "write who decided, and why.")
        for name in ("decided_by", "reason")
        if not row[name].strip()
    ]
    return found


def is_record(text: str) -> bool:
    """Whether a side of a decision names a record."""
    return text.startswith(f"{RECORD}:")


def record_of(text: str) -> tuple[str, str] | None:
    """Return (channel, record_id) of record:<channel>:<record_id>, or None if a part is missing."""
    channel, colon, record_id = text.partition(":")[2].strip().partition(":")
    return (channel, record_id) if channel and colon and record_id else None


def wrong_side(text: str, types: IdentifierTypes) -> list[tuple[str, str]]:
    """Return a (problem, fix) unless the text names a record or an identifier."""
    if not is_record(text):
        return wrong_identifier(text, types)
    if record_of(text):
        return []
    return [(f"{text!r} is not a record", "write record:<channel>:<record_id>, as in identity.record_person.")]


def wrong_identifier(text: str, types: IdentifierTypes) -> list[tuple[str, str]]:
    """Return a (problem, fix) unless the text is an id_type:id_value that can identify a person or a company."""
    id_type, colon, value = text.partition(":")
    if not colon or not value.strip():
        return [(f"{text!r} is not an identifier", "write id_type:id_value, such as mobile:13912345678.")]
    identifying = [*types.of("person"), *types.of("company")]
    if id_type in identifying:
        return []
    return [(f"{id_type!r} is not a type that identifies a person or company", nearest(id_type, identifying))]


def is_moment(text: str) -> bool:
    """Whether a text is a date, or a moment in UTC, that Python and every engine read alike."""
    if not MOMENT.fullmatch(text):
        return False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.utcoffset() is None or not moment.utcoffset()
