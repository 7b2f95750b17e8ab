"""The events of one person, from the tables of the current release: one event per row, without folding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.evidence import Row
from siyu.ask.lookup import Lookup

# Order of events at the same moment: what happened, what it earned, what followed.
ORDER = ("touch", "ask", "sequence", "link", "deal", "exclusion", "dormancy", "move", "noted")


@dataclass(frozen=True)
class Event:
    """An event. `day` is the business date; `at` is UTC, or None if only the day is known. `facts` depend on `kind`."""

    day: date
    at: datetime | None
    kind: str
    channel: str | None
    record_id: str | None
    facts: Row


@dataclass(frozen=True)
class Whose:
    """A person of the release, and the time zone. `ends_at` is the end of as_of, in UTC and exclusive."""

    one_id: str
    key: int
    zone: ZoneInfo
    ends_at: datetime

    def event(self, kind: str, at: datetime, row: Row, **facts: Any) -> Event:
        """Create an event of this person. `row` has the channel and record_id of the evidence."""
        day = at.replace(tzinfo=UTC).astimezone(self.zone).date()
        return Event(day, at, kind, row.get("channel"), row.get("record_id"), facts)

    def is_past(self, at: datetime | None) -> bool:
        """Whether a moment is before the end of as_of. Records may contain end dates in the future."""
        return at is not None and at < self.ends_at


def day_end(day: date, zone: ZoneInfo) -> datetime:
    """Return the end of a business day, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


def events(lookup: Lookup, whose: Whose) -> tuple[Event, ...]:
    """Return all events of the person, oldest first."""
    found: list[Event] = []
    for source in (_touches, _asks, _sequences, _links, _deals, _exclusions, _dormancies, _moves, _notes):
        found.extend(source(lookup, whose))
    return tuple(sorted(found, key=_sorted_by))


def _sorted_by(event: Event) -> tuple[Any, ...]:
    rank = event.facts.get("to_rank", 0)
    return (
        event.day, event.at is None, event.at or datetime.min, ORDER.index(event.kind),
        event.facts.get("direction") == "back", rank, event.channel or "", event.record_id or "",
    )  # fmt: skip


def _rows(lookup: Lookup, whose: Whose, table: str, columns: str, where: str = "true") -> list[Row]:
    return lookup.session.named_rows(
        f"select {columns} from {lookup.table(table, 'journey')} where person_key = ? and {where}", [whose.key]
    )


def _recorded(lookup: Lookup, whose: Whose, shape: str, columns: str) -> list[Row]:
    """Return the records of the person of one shape. Empty if the release has no records."""
    if not lookup.has(shape, "records"):
        return []
    return lookup.session.named_rows(
        f"select channel, record_id, {columns} from {lookup.table(shape, 'records')}"
        f" join (select channel, record_id from {lookup.table('record_person')} where person_key = ?) as p"
        " using (channel, record_id)",
        [whose.key],
    )


def _names(lookup: Lookup, table: str, key: str, column: str = "name_zh") -> dict[str, str]:
    return {row[key]: row[column] for row in lookup.reference(table)}


def _parts(lookup: Lookup, whose: Whose, part: str) -> list[Row]:
    return _rows(
        lookup, whose, "lead_score_part",
        "rule, channel, record_id, occurred_at, content_id, listed_points, points, halvings, decay, score",
        f"part = '{part}'",
    )  # fmt: skip


def _score(part: Row | None) -> Row | None:
    """Return how an event enters the lead score now: rule, points and decay. None if it does not."""
    names = ("rule", "listed_points", "points", "halvings", "decay", "score")
    return {name: part[name] for name in names} if part else None


def _touches(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    parts = {(part["channel"], part["record_id"]): part for part in _parts(lookup, whose, "behaviour")}
    stages = _names(lookup, "content", "content_id", "content_stage")
    named = (
        "direction", "behaviour", "action", "outcome", "scene", "product_id", "content_id", "campaign_id", "staff_id",
        "user_agent",
    )  # fmt: skip
    for row in _rows(lookup, whose, "person_touch", f"occurred_at, channel, record_id, {', '.join(named)}"):
        facts = {name: row[name] for name in named}
        facts["content_stage"] = stages.get(row["content_id"]) or None
        facts["score"] = _score(parts.get((row["channel"], row["record_id"])))
        yield whose.event("touch", row["occurred_at"], row, **facts)


def _asks(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    parts = {(p["rule"], p["channel"], p["record_id"]): p for p in _parts(lookup, whose, "call_to_action")}
    named = ("campaign_id", "action", "ask_level", "ask_zh", "behaviour", "content_id")
    english = _names(lookup, "ask_levels", "ask_level", "name_en")
    for row in _rows(lookup, whose, "ask_completion", f"completed_at, channel, record_id, {', '.join(named)}"):
        part = parts.get((f"{row['campaign_id']}:{row['action']}", row["channel"], row["record_id"]))
        facts = {name: row[name] for name in named} | {"ask_en": english.get(str(row["ask_level"]))}
        yield whose.event("ask", row["completed_at"], row, **facts, score=_score(part))


def _sequences(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    """Yield the sequences that still count. The release does not contain older ones."""
    names = _names(lookup, "sequence_rules", "sequence")
    for row in _parts(lookup, whose, "sequence"):
        yield whose.event(
            "sequence", row["occurred_at"], row, sequence=row["rule"], sequence_zh=names.get(row["rule"]),
            score=_score(row),
        )  # fmt: skip


def _links(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    names = _names(lookup, "touchpoints", "touchpoint")
    columns = "touchpoint, holder_id, started_at, ended_at, end_reason, ended_by"
    for row in _recorded(lookup, whose, "link", columns):
        about = {"touchpoint": row["touchpoint"], "touchpoint_zh": names.get(row["touchpoint"])}
        about["holder_id"] = row["holder_id"]
        if whose.is_past(row["started_at"]):
            yield whose.event("link", row["started_at"], row, change="begins", **about)
        if whose.is_past(row["ended_at"]):
            yield whose.event(
                "link", row["ended_at"], row, change="ends", **about,
                end_reason=row["end_reason"], ended_by=row["ended_by"],
            )  # fmt: skip


def _deals(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    if not lookup.has("deal", "records"):
        yield from _deals_without_records(lookup, whose)
        return
    named = ("deal_id", "line_no", "status", "amount", "product_id", "item_count", "opportunity_id", "staff_id")
    for row in _recorded(lookup, whose, "deal", f"kind, occurred_at, closed_at, {', '.join(named)}"):
        facts = {name: row[name] for name in named}
        change = {"opportunity": "opened", "order": "ordered", "refund": "refunded"}[row["kind"]]
        if whose.is_past(row["occurred_at"]):
            yield whose.event("deal", row["occurred_at"], row, change=change, **facts)
        is_closed = row["kind"] == "opportunity" and row["status"] in ("won", "lost")
        if is_closed and whose.is_past(row["closed_at"]):
            yield whose.event("deal", row["closed_at"], row, change=row["status"], **facts)


def _deals_without_records(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    """Yield the deals of a release without records: when they began and ended, without amounts."""
    columns = "channel, record_id, kind, deal_id, hold, held_from, held_to, is_lost"
    for row in _rows(lookup, whose, "deal_hold", columns):
        facts = {"deal_id": row["deal_id"], "amount": None}
        begins = "opened" if row["hold"] == "open" else "won" if row["kind"] == "opportunity" else "ordered"
        if whose.is_past(row["held_from"]):
            yield whose.event("deal", row["held_from"], row, change=begins, **facts)
        if whose.is_past(row["held_to"]) and (row["hold"] == "won" or row["is_lost"]):
            ends = "lost" if row["is_lost"] else "refunded"
            yield whose.event("deal", row["held_to"], row, change=ends, **facts)


def _exclusions(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    named = ("kind", "rule", "signal", "is_overruled", "overruled_by")
    for row in _rows(lookup, whose, "exclusion", f"since_at, until_at, channel, record_id, {', '.join(named)}"):
        facts = {("exclusion" if name == "kind" else name): row[name] for name in named}
        yield whose.event("exclusion", row["since_at"], row, change="begins", **facts)
        if whose.is_past(row["until_at"]):
            yield whose.event("exclusion", row["until_at"], {}, change="ends", **facts)


def _dormancies(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    was = False
    for row in sorted(_rows(lookup, whose, "stage_interval", "valid_from, is_dormant"), key=lambda r: r["valid_from"]):
        if row["is_dormant"] != was:
            was = row["is_dormant"]
            yield whose.event("dormancy", row["valid_from"], {}, change="begins" if was else "ends")


def _moves(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    """Yield the stage moves. `skipped` is how many stages a move passed over."""
    names = _names(lookup, "stages", "stage")
    ranks: dict[str | None, int] = {row["stage"]: int(row["stage_rank"]) for row in lookup.reference("stages")}
    columns = "moved_at, from_stage, to_stage, direction, reason, channel, record_id"
    for row in _rows(lookup, whose, "stage_transition", columns):
        start, end = row["from_stage"], row["to_stage"]
        skipped = ranks.get(end, 0) - ranks.get(start, 0) - 1 if row["direction"] != "back" else 0
        yield whose.event(
            "move", row["moved_at"], row, from_stage=start, from_zh=names.get(start), to_stage=end,
            to_zh=names.get(end), to_rank=ranks.get(end, 0), direction=row["direction"], reason=row["reason"],
            skipped=max(skipped, 0),
        )  # fmt: skip


def _notes(lookup: Lookup, whose: Whose) -> Iterator[Event]:
    """Yield what a later release corrected in an earlier one. Only the day of a correction is known."""
    rows = lookup.session.named_rows(
        "select noted_date, change, moved_at, from_stage, to_stage, direction, reason, channel, record_id,"
        " was_moved_at, was_from_stage, was_reason, was_channel, was_record_id, former_one_id"
        f" from {lookup.table('stage_change_log', 'journey')} where one_id = ?"
        " order by noted_date, coalesce(moved_at, was_moved_at), change, change_no",
        [whose.one_id],
    )
    names = _names(lookup, "stages", "stage")
    where = ("noted_date", "channel", "record_id")
    for row in rows:
        facts = {name: value for name, value in row.items() if name not in where}
        facts |= {f"{s}_zh": names.get(row[f"{s}_stage"]) for s in ("from", "to", "was_from")}
        yield Event(row["noted_date"], None, "noted", row["channel"], row["record_id"], facts)
