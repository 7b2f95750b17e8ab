"""The next action of each person in plain Python: slow, obvious, and written from the rules, not from the SQL.

next_action_rules.csv and sop_steps.csv have the rules as rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.audience.desk import Desk, listed
from tests.tags.world import Row

MARKETING = ("send_content", "invite", "win_back", "rebuy", "ask_referral")
PERSONAL = ("follow_up", "hand_off", "resolve_ticket")
# Work inside the house: no touch of ours, so fatigue does not matter, and a person needs no way to them.
INSIDE = ("resolve_ticket", "hand_off")
LATEST_STEP_FIRST = ("sdr_to_sales", "marketing_to_sdr")
EXCLUDED = ("learner", "competitor", "bot", "staff")


@dataclass(frozen=True)
class Position:
    """Where a person is in the playbook of a scenario."""

    scenario: str
    entered_at: datetime
    days_since_entry: int
    step_no: int
    touchpoint: str | None
    content_format: str | None
    due_date: date
    is_due: bool
    sent_count: int


@dataclass(frozen=True)
class Action:
    """The one next action of a person."""

    kind: str
    rule: str
    priority: int
    touchpoint: str | None
    content_id: str | None
    event_id: str | None
    scenario: str | None
    step_no: int | None
    owner_staff: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class Answers:
    """What the reference says of everybody, by one_id."""

    actions: dict[str, Action]
    gaps: dict[str, str]
    positions: dict[str, Position]


def answers_of(desk: Desk) -> Answers:
    positions = {one: found for one in desk.persons if (found := sop_position(desk, one))}
    actions = {one: found for one in desk.persons if (found := next_action(desk, one, positions.get(one)))}
    gaps = {one: gap_reason(desk, one) for one in desk.persons if one not in actions and has_heard_little(desk, one)}
    return Answers(actions, gaps, positions)


# The playbook.


def sop_position(desk: Desk, one: str) -> Position | None:
    """The first step that has not been done, of the playbook of the scenario that the person entered last."""
    person = desk.persons[one]
    runs = desk.runs.get(one, [])
    if person["audience"] != "prospect" or person["is_won"] or not runs:
        return None
    latest = max(run["entered_at"] for run in runs)
    scenario = min(run["scenario"] for run in runs if run["entered_at"] == latest)
    sent = sum(_is_sent_since(touch, latest) for touch in desk.outbound(one))
    step = desk.steps.get((scenario, sent + 1))
    if step is None:
        return None
    entered = desk.day(latest)
    due = entered + timedelta(days=int(step["day"]))
    return Position(
        scenario, latest, desk.days_ago(entered), sent + 1, step["touchpoint"] or None, step["content_format"] or None,
        due, due <= desk.as_of, sent,
    )  # fmt: skip


def _is_sent_since(touch: Row, entered_at: datetime) -> bool:
    return touch["at"] >= entered_at and touch["outcome"] != "failed" and touch["medium"] != "group"


# The action.


def next_action(desk: Desk, one: str, position: Position | None) -> Action | None:
    """Of the rules that apply, the one with the lowest priority; ties by rule."""
    if desk.persons[one]["audience"] == "kept_out":
        return None
    for rule in desk.rules:
        if holds(desk, one, rule, position) and (action := applied(desk, one, rule, position)):
            return action
    return None


def holds(desk: Desk, one: str, rule: Row, position: Position | None) -> bool:
    """Do all conditions of a rule hold? An empty one always does, and what is not known meets none."""
    return all(not rule[name] or condition(desk, one, rule[name], position) for name, condition in CONDITIONS.items())


def _person(name: str) -> Callable[[Desk, str, str, Position | None], bool]:
    return lambda desk, one, wanted, _: desk.persons[one][name] in listed(wanted)


def _profile(name: str) -> Callable[[Desk, str, str, Position | None], bool]:
    return lambda desk, one, wanted, _: desk.profiles.get(one, {}).get(name) in listed(wanted)


def _yes_or_no(value: bool | None, wanted: str) -> bool:
    return value is not None and value == {"true": True, "false": False}[str(wanted).lower()]


def _is_silent(desk: Desk, one: str, days: Any, _: Position | None) -> bool:
    """Somebody who never acted is silent, too."""
    silent = desk.persons[one]["silent_days"]
    return silent is None or silent >= int(days)


CONDITIONS: dict[str, Callable[[Desk, str, Any, Position | None], bool]] = {
    **{name: _person(name) for name in ("audience", "stage")},
    **{
        name: _profile(name)
        for name in ("need_status", "open_ticket", "churn_risk", "renewal_due", "repurchase_status", "advocacy")
    },
    "has_cross_sell_gap": lambda desk, one, wanted, _: _yes_or_no(
        desk.profiles.get(one, {}).get("cross_sell_gap") is not None, wanted
    ),
    "handoff_status": lambda desk, one, wanted, _: any(
        row["status"] in listed(wanted) for row in desk.handoffs.get(one, [])
    ),
    "is_invited": lambda desk, one, wanted, _: _yes_or_no(bool(desk.invitations.get(one)), wanted),
    "is_sop_due": lambda _desk, _one, wanted, position: _yes_or_no(position and position.is_due, wanted),
    "is_dormant": lambda desk, one, wanted, _: _yes_or_no(desk.persons[one]["is_dormant"], wanted),
    "silent_days_from": _is_silent,
    "our_touches_to": lambda desk, one, most, _: desk.persons[one]["our_touch_count"] <= int(most),
}


def applied(desk: Desk, one: str, rule: Row, position: Position | None) -> Action | None:
    """The action of a rule whose conditions hold, unless fatigue, consent, ways or content forbid it."""
    kind, person = rule["kind"], desk.persons[one]
    if kind not in INSIDE and person["is_fatigued"]:
        return None
    if kind == "hand_off" and person["consent_status"] == "refused":
        return None
    invitation = first_invitation(desk, one) if kind == "invite" else None
    of_playbook = position if _yes_or_no(True, rule["is_sop_due"] or "false") else None
    touchpoint = touchpoint_of(desk, one, rule, of_playbook, invitation)
    if touchpoint is None and kind not in INSIDE:
        return None
    content = next_content(desk, one, of_playbook) if kind == "send_content" else None
    if content is None and kind == "send_content":
        return None
    handoff = open_handoff(desk, one) if kind == "hand_off" else None
    return Action(
        kind, rule["rule"], int(rule["priority"]), touchpoint, content, invitation and invitation["event_id"],
        of_playbook and of_playbook.scenario, of_playbook and of_playbook.step_no,
        owner_of(desk, one, rule, handoff, invitation), due_at_of(desk, rule, handoff),
    )  # fmt: skip


def touchpoint_of(desk: Desk, one: str, rule: Row, position: Position | None, invitation: Row | None) -> str | None:
    """The first way to the person that is allowed for the purpose of the kind."""
    allowed = allowed_ways(desk, one, "marketing" if rule["kind"] in MARKETING else "personal")
    if rule["kind"] == "invite":
        return invitation["touchpoint"] if invitation and invitation["touchpoint"] in allowed else None
    if position is not None:
        return _first_of(allowed, listed(position.touchpoint)) or _first_of(allowed, allowed)
    return _first_of(allowed, listed(rule["touchpoint"]) or allowed)


def allowed_ways(desk: Desk, one: str, purpose: str) -> list[str]:
    ways = sorted(desk.ways.get(one, []), key=lambda way: way["way_no"])
    return [way["touchpoint"] for way in ways if way[f"is_{purpose}_allowed"]]


def _first_of(allowed: Iterable[str], wanted: list[str]) -> str | None:
    return next((touchpoint for touchpoint in allowed if touchpoint in wanted), None)


def next_content(desk: Desk, one: str, position: Position | None) -> str | None:
    """The item that fits the stage, that the person never had, and that fits best."""
    profile = desk.profiles.get(one, {})
    had = {touch["content_id"] for touch in desk.touches.get(one, [])}
    items = desk.content_of_stage.get(desk.persons[one]["content_stage"] or "awareness", [])
    left = [item for item in items if item["content_id"] not in had]

    def rank(item: Row) -> tuple[bool, bool, bool, bool, str]:
        line = desk.line_of_product(item["product_id"])
        return (
            not _same(item["topic"], profile.get("top_topic")),
            not _same(item["format"], position and position.content_format),
            not _same(item["format"], profile.get("preferred_format")),
            line not in listed(profile.get("product_interest"), ","),
            item["content_id"],
        )

    return min(left, key=rank)["content_id"] if left else None


def _same(value: str | None, wanted: str | None) -> bool:
    return bool(wanted) and value == wanted


def first_invitation(desk: Desk, one: str) -> Row | None:
    """That of the earliest event."""
    found = desk.invitations.get(one, [])
    return min(found, key=lambda row: (desk.event_dates[row["event_id"]], row["event_id"]), default=None)


def open_handoff(desk: Desk, one: str) -> Row | None:
    """Of several open ones, that of the latest step."""
    found = [row for row in desk.handoffs.get(one, []) if row["status"] == "open"]
    return min(found, key=lambda row: LATEST_STEP_FIRST.index(row["step"]), default=None)


def owner_of(desk: Desk, one: str, rule: Row, handoff: Row | None, invitation: Row | None) -> str | None:
    if rule["kind"] == "hand_off":
        return handoff["owner_staff"] if handoff else None
    if rule["kind"] == "invite":
        return invitation["inviter_staff"] if invitation else None
    # Nobody may have the role of the rule: then whoever owns the person does it.
    own: str | None = desk.persons[one].get("owner_staff")
    return desk.owner_of.get((one, rule["owner_role"])) or own


def due_at_of(desk: Desk, rule: Row, handoff: Row | None) -> datetime | None:
    if rule["kind"] == "hand_off":
        return handoff["due_at"] if handoff else None
    return desk.end_of(desk.as_of + timedelta(days=int(rule["due_days"])))


# Those who heard little from us and get no action.


def has_heard_little(desk: Desk, one: str) -> bool:
    """Not won, with few touches of ours, and silent."""
    person = desk.persons[one]
    few = person["our_touch_count"] <= desk.number("under_touches")
    return few and bool(person["is_silent"]) and not person["is_won"]


def gap_reason(desk: Desk, one: str) -> str:
    """The first reason that holds."""
    person = desk.persons[one]
    if person["is_erased"]:
        return "erased"
    if person["relationship_type"] in EXCLUDED:
        return str(person["relationship_type"])
    if person["audience"] == "partner":
        return "partner"
    if not desk.ways.get(one):
        return "unreachable"
    if not allowed_ways(desk, one, "personal"):
        return "no_consent"
    return "fatigued" if person["is_fatigued"] else "other"
