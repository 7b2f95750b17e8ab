"""`siyu list`: the rows of a list from the current release, in the order in which people work through them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.journey_words import both
from siyu.ask.list_fields import SCHEMA, SHEETS, Field, Sheet
from siyu.ask.list_names import code_of, event_rows, named, segment_rows, staff_names, words_of
from siyu.ask.lookup import Lookup, current_release
from siyu.engines.sql import quote_name
from siyu.errors import WrongQuestion, nearest
from siyu.release.columns import MASKED
from siyu.settings import Settings

Row = tuple[Any, ...]
Words = Mapping[str, Mapping[str, str]]
CENT = Decimal("0.01")  # parts of a score have nine decimals


@dataclass(frozen=True)
class Question:
    """Which list, and which part of it. `is_raw` asks for personal values, `has_closed` for rows that are done."""

    list: str
    segment: str | None = None
    event: str | None = None
    owner: str | None = None
    is_raw: bool = False
    has_closed: bool = False

    @property
    def parameters(self) -> str:
        """The filters as JSON, for the access log."""
        told = {name: value for name, value in asdict(self).items() if name not in ("list", "is_raw") and value}
        return json.dumps(told, ensure_ascii=False)


@dataclass(frozen=True)
class WorkList:
    """A list, open for reading. `row_count` and `person_count` are those of the whole list."""

    question: Question
    title: str
    release: str
    as_of: date
    zone: ZoneInfo
    fields: tuple[Field, ...]
    words: Words
    row_count: int
    person_count: int
    batches: Iterator[list[Row]]

    def rows(self) -> Iterator[Row]:
        """Yield the rows, once."""
        for batch in self.batches:
            yield from batch

    def people(self, rows: Iterable[Row]) -> int:
        """Return the number of different people in some rows."""
        place = [field.name for field in self.fields].index("one_id")
        return len({row[place] for row in rows})

    def shown(self, row: Row) -> list[Any]:
        """Return a row as people read it: moments in local time, codes with their names."""
        return [self._shown(field, value) for field, value in zip(self.fields, row, strict=True)]

    def _shown(self, field: Field, value: Any) -> Any:
        if value is None:
            return None
        if field.kind == "moment":
            moment: datetime = value.replace(tzinfo=UTC).astimezone(self.zone)
            return moment.replace(tzinfo=None)
        if field.kind == "flag":
            return "yes 是" if value else "no 否"
        if field.words:
            return both(str(value), self.words[field.words])
        return value.quantize(CENT, ROUND_HALF_UP) if isinstance(value, Decimal) else value

    def as_data(self, row: Row) -> dict[str, Any]:
        """Return a row for JSON. A code has its name beside it."""
        told: dict[str, Any] = {}
        for field, value in zip(self.fields, row, strict=True):
            told[field.name] = value
            if field.words:
                told[f"{field.name.removesuffix('_id')}_name"] = self.words[field.words].get(str(value))
        return told


def sheet_named(name: str) -> Sheet:
    """Return the list of a name. Raises WrongQuestion with the nearest one."""
    found = SHEETS.get(name.strip().lower().replace("_", "-"))
    if found is None:
        raise WrongQuestion(f"there is no list {name!r}", "siyu list", nearest(name, SHEETS))
    return found


@contextmanager
def open_list(settings: Settings, question: Question) -> Iterator[WorkList]:
    """Open a list of the current release. The restricted file is read only for raw values.

    Raises WrongQuestion for a list, segment, event or owner that does not exist, with the nearest name.
    """
    sheet = sheet_named(question.list)
    with current_release(settings, question.is_raw) as lookup:
        table = lookup.relation(sheet.table, SCHEMA)
        question, title = _resolved(lookup, sheet, question)
        tables = _tables(lookup, sheet, table)
        fields = tuple(field for field in sheet.fields if _has(lookup, tables, field))
        where, params = _conditions(sheet, question)
        counted = f"select count(*), count(distinct l.one_id) from {table} as l{where}"
        [(row_count, person_count)] = lookup.session.rows(counted, params)
        listed = ", ".join(f"{_expression(field, question.is_raw)} as {quote_name(field.name)}" for field in fields)
        joins = " ".join(f"left join {relation} as {alias} on {on}" for alias, (relation, on) in tables.items() if on)
        sql = f"select {listed} from {table} as l {joins}{where} order by {sheet.order}"
        yield WorkList(
            question, title, lookup.release.name, lookup.release.as_of, ZoneInfo(settings.timezone), fields,
            words_of(lookup, fields), row_count, person_count, lookup.session.batches(sql, params),
        )  # fmt: skip


def _tables(lookup: Lookup, sheet: Sheet, table: str) -> dict[str, tuple[str, str]]:
    """Return alias -> (relation, condition of its join)."""
    identity = {name: lookup.relation(name, "identity") for name in ("person", "person_account", "account")}
    tables = {
        "l": (table, ""),
        "p": (identity["person"], "p.person_key = l.person_key"),
        "c": (identity["person_account"], "c.person_key = l.person_key and c.is_current"),
        "a": (identity["account"], "a.account_key = c.account_key"),
    }
    if sheet.joins_event:
        tables["e"] = (lookup.relation("invite_event", SCHEMA), "e.event_id = l.event_id")
    return tables


def _has(lookup: Lookup, tables: Mapping[str, tuple[str, str]], field: Field) -> bool:
    if not field.is_optional:
        return True
    alias, _, column = field.sql.partition(".")
    return column in _columns(lookup, tables[alias][0])


def _columns(lookup: Lookup, relation: str) -> list[str]:
    return [column.name for column in lookup.session.columns(f"select * from {relation}")]


def _expression(field: Field, is_raw: bool) -> str:
    return f"{field.sql}{MASKED}" if field.is_personal and not is_raw else field.sql


def _conditions(sheet: Sheet, question: Question) -> tuple[str, list[str]]:
    wanted = {"l.segment": question.segment, "l.event_id": question.event, f"l.{sheet.owner}": question.owner}
    found = [f"{column} = ?" for column, value in wanted.items() if value is not None]
    if sheet.open_rows and not question.has_closed:
        found.append(sheet.open_rows)
    where = f" where {' and '.join(found)}" if found else ""
    return where, [value for value in wanted.values() if value is not None]


def _resolved(lookup: Lookup, sheet: Sheet, question: Question) -> tuple[Question, str]:
    """Return the question with the codes of its segment, event and owner, and the title of the list."""
    for is_given, option, fits in (
        (question.segment is not None, "a name", sheet.name == "segment"),
        (question.event is not None, "--event", sheet.name == "invite"),
        (question.has_closed, "--closed", bool(sheet.open_rows)),
    ):
        if is_given and not fits:
            raise WrongQuestion(f"{option} does not fit the list {sheet.name}", "siyu list", "leave it out.")
    if sheet.name == "segment" and question.segment is None:
        names = [row["segment"] for row in segment_rows(lookup)]
        fix = f"siyu list segment NAME, with one of: {', '.join(names)}." if names else "the release has no segments."
        raise WrongQuestion("the list segment needs the name of a segment", "siyu list segment", fix)
    told = asdict(question) | {"list": sheet.name}
    title = sheet.title
    if question.segment is not None:
        segments = named(segment_rows(lookup), "segment")
        told["segment"] = code_of(question.segment, segments, "segment")
        title = f"{title} {' '.join([told['segment'], *segments[told['segment']]])}"
    if question.event is not None:
        told["event"] = code_of(question.event, named(event_rows(lookup), "event_id"), "event")
    if question.owner is not None:
        told["owner"] = code_of(question.owner, staff_names(lookup, sheet), "member of staff")
    return Question(**told), title


def overview(settings: Settings) -> dict[str, Any]:
    """Return what lists there are: segments with sizes, coming events, hand-offs that wait, and actions by kind."""
    with current_release(settings, is_raw=False) as lookup:
        session, handoffs, actions = (
            lookup.session, lookup.relation(SHEETS["handoff"].table, SCHEMA),
            lookup.relation(SHEETS["next-action"].table, SCHEMA),
        )  # fmt: skip
        waiting = SHEETS["handoff"].open_rows
        return {
            "release": lookup.release.name,
            "as_of": lookup.release.as_of.isoformat(),
            "segments": segment_rows(lookup),
            "events": event_rows(lookup),
            "handoffs": session.named_rows(
                "select l.step, count(*) as open_count, count(*) filter (where l.is_overdue) as overdue_count"
                f" from {handoffs} as l where {waiting} group by l.step order by l.step"
            ),
            "actions": session.named_rows(
                f"select kind, count(*) as person_count from {actions} group by kind order by min(priority), kind"
            ),
        }


def plain(value: Any) -> str:
    """Return a value of a row as text for a line."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return "" if value is None else str(value)
