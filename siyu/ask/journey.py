"""`siyu journey`: the whole journey of one person, from the current release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.evidence import Row
from siyu.ask.explain import find
from siyu.ask.journey_events import Event, Whose, day_end, events
from siyu.ask.lookup import Identifier, Lookup, current_release
from siyu.ask.portrait import tag_rows
from siyu.errors import WrongQuestion
from siyu.seeds.variables import load_vars
from siyu.settings import Settings

TABLES = (
    "person_stage", "stage_interval", "stage_transition", "stage_change_log", "person_touch", "lead_score",
    "lead_score_part", "exclusion", "ask_completion", "scenario_step", "partner", "deal_hold",
)  # fmt: skip
WITHOUT_RECORDS = ("links", "deal amounts")


@dataclass(frozen=True)
class Story:
    """The journey of a person: who they are and where they stand (`head`), and the events, oldest first.

    `before_since` counts the events that `since` leaves out. `not_published` names what the release does not contain.
    """

    release: str
    as_of: date
    timezone: str
    currency: str
    asked: str
    head: Row
    events: tuple[Event, ...]
    since: date | None = None
    before_since: int = 0
    not_published: tuple[str, ...] = ()


def journey(settings: Settings, text: str, since: date | None = None) -> Story:
    """Return the journey of the person that an ID, former ID, identifier or record belongs to.

    Raises WrongQuestion if it is not a person of the release, or if an earlier siyu built the release.
    """
    with current_release(settings) as lookup:
        for table in TABLES:
            lookup.table(table, "journey")
        whose = _whose(settings, lookup, text)
        found = events(lookup, whose)
        kept = tuple(event for event in found if since is None or event.day >= since)
        has_records = lookup.has("link", "records") and lookup.has("deal", "records")
        return Story(
            release=lookup.release.name,
            as_of=lookup.release.as_of,
            timezone=settings.timezone,
            currency=str(load_vars(settings)["currency"]),
            asked=text.strip(),
            head=_head(lookup, whose, found),
            events=kept,
            since=since,
            before_since=len(found) - len(kept),
            not_published=() if has_records else WITHOUT_RECORDS,
        )


def as_data(story: Story) -> Row:
    """Return plain values, ready for JSON, with one row per event. The facts of an event are columns of its row."""
    timeline = [
        {
            "day": event.day, "at": event.at, "kind": event.kind, "channel": event.channel,
            "record_id": event.record_id, **event.facts,
        }
        for event in story.events
    ]  # fmt: skip
    return {
        "release": story.release,
        "as_of": story.as_of,
        "timezone": story.timezone,
        "currency": story.currency,
        "asked": story.asked,
        **story.head,
        "timeline": timeline,
        "left_out": {
            "since": story.since, "events_before_since": story.before_since, "not_published": list(story.not_published),
        },
    }  # fmt: skip


def _whose(settings: Settings, lookup: Lookup, text: str) -> Whose:
    found = find(lookup, text)
    if found.entity != "person":
        raise WrongQuestion(
            f"{_named(text, found)} belongs to a company",
            "siyu journey",
            f"name a person: siyu explain {text.strip()} lists the people of the company.",
        )
    if found.one_id is None or found.key is None:
        raise WrongQuestion(
            f"{_named(text, found)} belongs to nobody ({found.status})",
            f"the release {lookup.release.name}",
            f"siyu explain {text.strip()} shows why.",
        )
    zone = ZoneInfo(settings.timezone)
    return Whose(found.one_id, found.key, zone, day_end(lookup.release.as_of, zone))


def _named(text: str, found: Identifier) -> str:
    return text.strip() if found.text.startswith("record:") else found.text if ":" in text else text.strip()


def _head(lookup: Lookup, whose: Whose, found: tuple[Event, ...]) -> Row:
    return {
        "one_id": whose.one_id,
        "person": _first(lookup, "identity.person", "full_name, title, company_name", whose),
        "account": _account(lookup, whose),
        "stage": _stage(lookup, whose, found),
        "path": [
            {name: move.facts[name] for name in ("to_stage", "to_zh", "direction")} | {"moved_at": move.at}
            for move in found
            if move.kind == "move"
        ],
        "score": _first(
            lookup, "journey.lead_score",
            "score, behaviour_score, sequence_score, call_score, part_count, last_part_at", whose,
        ),
        "exclusions": _exclusions(lookup, whose),
        "partner": _first(
            lookup, "journey.partner",
            "rule, since_at, enrolled_count, completed_count, last_completed_at, deal_count, revenue_amount", whose,
        ),
        "scenarios": _scenarios(lookup, whose),
        "tags": tag_rows(lookup, "person", whose.one_id),
    }  # fmt: skip


def _first(lookup: Lookup, table: str, columns: str, whose: Whose) -> Row | None:
    schema, _, name = table.partition(".")
    rows = lookup.session.named_rows(
        f"select {columns} from {lookup.table(name, schema)} where person_key = ?", [whose.key]
    )
    return rows[0] if rows else None


def _account(lookup: Lookup, whose: Whose) -> Row | None:
    """Return the current company of the person, or None."""
    rows = lookup.session.named_rows(
        "select p.account_id, coalesce(a.company_name, a.email_domain) as company_name, p.valid_from_at as since_at"
        f" from {lookup.table('person_account')} as p join {lookup.table('account')} as a using (account_key)"
        " where p.person_key = ? and p.is_current",
        [whose.key],
    )
    return rows[0] if rows else None


def _stage(lookup: Lookup, whose: Whose, found: tuple[Event, ...]) -> Row | None:
    """Return the current stage; None if the person has none. `dormant_since` is None if the person is not dormant."""
    stage = _first(
        lookup,
        "journey.person_stage",
        "stage, stage_zh, since_at, days_in_stage, is_dormant, content_stage, is_lead",
        whose,
    )
    if stage is None:
        return None
    sleeps = [event.at for event in found if event.kind == "dormancy"]
    return {**stage, "dormant_since": sleeps[-1] if stage["is_dormant"] and sleeps else None}


def _exclusions(lookup: Lookup, whose: Whose) -> list[Row]:
    """Return the exclusions in force at the end of as_of. The one that person_stage names comes first."""
    stage = _first(lookup, "journey.person_stage", "exclusion_rule", whose) or {}
    whys = {row["rule"]: row["why"] for row in lookup.reference("exclusion_rules")}
    rows: list[dict[str, Any]] = lookup.session.named_rows(
        f"select kind, rule, since_at, channel, record_id from {lookup.table('exclusion', 'journey')}"
        " where person_key = ? and not is_overruled and (until_at is null or until_at >= ?) and since_at < ?",
        [whose.key, whose.ends_at, whose.ends_at],
    )
    rows.sort(key=lambda row: (row["rule"] != stage.get("exclusion_rule"), row["since_at"], row["rule"]))
    return [{**row, "why": whys.get(row["rule"])} for row in rows]


def _scenarios(lookup: Lookup, whose: Whose) -> list[Row]:
    """Return the furthest step of each scenario that the person entered."""
    return lookup.session.named_rows(
        "select scenario, step_no, step, step_zh, entered_at, reached_at, channel, record_id"
        f" from {lookup.table('scenario_step', 'journey')} where person_key = ?"
        " qualify row_number() over (partition by scenario order by step_no desc) = 1 order by entered_at, scenario",
        [whose.key],
    )
