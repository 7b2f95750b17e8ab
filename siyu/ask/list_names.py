"""The names of what lists refer to: segments, events, staff, and the vocabularies of codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from siyu.ask.list_fields import (
    EVENT_DATE,
    KINDS,
    NAMES,
    REASONS,
    REFERENCE_WORDS,
    RETURNS,
    SCHEMA,
    SEGMENT_FACTS,
    STATUSES,
    STEPS,
    Field,
    Sheet,
)
from siyu.ask.lookup import Lookup
from siyu.errors import WrongQuestion, nearest

MOST_NAMES = 30  # in an error
CLOSE = "did you mean"


def code_of(text: str, known: Mapping[str, Sequence[str]], what: str, command: str = "siyu list") -> str:
    """Return the code that a text is, or that has this name. Errors name the command."""
    text = text.strip()
    found = [text] if text in known else [code for code, names in known.items() if text in names]
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongQuestion(f"{text} is the name of {' and '.join(sorted(found))}", command, "give one of these IDs.")
    raise WrongQuestion(f"there is no {what} {text!r}", command, _nearest(text, known))


def _nearest(text: str, known: Mapping[str, Sequence[str]]) -> str:
    """Return the code or name that is closest, or else the codes with their names."""
    close = nearest(text, [option for code, names in known.items() for option in (code, *names)])
    if close.startswith(CLOSE) or not known:
        return close or "the release has none."
    listed = [" ".join([code, *names[:1]]) for code, names in sorted(known.items())]
    more = f" and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return f"expected one of: {', '.join(listed[:MOST_NAMES])}{more}."


def named(rows: Iterable[Mapping[str, Any]], code: str) -> dict[str, list[str]]:
    """Return code -> names, in Chinese and English as far as there are any."""
    return {str(row[code]): [str(row[name]) for name in NAMES if row.get(name)] for row in rows}


def staff_names(lookup: Lookup, sheet: Sheet) -> dict[str, list[str]]:
    """Return the members of staff in force, and those whom the list names."""
    table = lookup.relation(sheet.table, SCHEMA)
    rows = lookup.session.rows(f"select distinct {sheet.owner} from {table} where {sheet.owner} is not null")
    return {str(row[0]): [] for row in rows} | named(lookup.reference("staff"), "staff_id")


def words_of(lookup: Lookup, fields: Sequence[Field]) -> dict[str, dict[str, str]]:
    """Return vocabulary -> code -> name, for the vocabularies of the fields."""
    wanted = {field.words for field in fields}
    found = {"steps": STEPS, "statuses": STATUSES, "kinds": KINDS, "reasons": REASONS, "returns": RETURNS}
    for name, code in REFERENCE_WORDS.items():
        if name in wanted:
            rows = lookup.reference(name) if name in lookup.references else []
            found[name] = _first_names(named(rows, code))
    if "events" in wanted:
        found["events"] = _first_names(named(event_rows(lookup), "event_id"))
    return found


def _first_names(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {code: listed[0] for code, listed in names.items() if listed}


def segment_rows(lookup: Lookup) -> list[dict[str, Any]]:
    """Return the segments with their sizes, largest first."""
    return lookup.session.named_rows(
        f"select {SEGMENT_FACTS} from {lookup.relation('segment', SCHEMA)} order by person_count desc, segment"
    )


def event_rows(lookup: Lookup) -> list[dict[str, Any]]:
    """Return the coming events with their sizes, the earliest first."""
    table = lookup.relation("invite_event", SCHEMA)
    return lookup.session.named_rows(f"select * from {table} order by {EVENT_DATE}, event_id")
