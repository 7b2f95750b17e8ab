"""Hand-offs in plain Python: the rules of handoff_rules.csv and sla.csv, person by person, over the rows of tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

Row = Mapping[str, Any]
TOUCH_FIELDS = ("behaviour", "action", "channel", "medium", "direction", "outcome")
WORK = ("call", "visit", "meeting", "email", "one_to_one")  # media in which a member of staff works on a lead
ROLE_OF_STEP = {"marketing_to_sdr": "sdr", "sdr_to_sales": "sales"}
NEVER = datetime.max


@dataclass(frozen=True)
class Sign:
    """A record that matches a rule. `moment`: when the person qualified by it."""

    moment: datetime
    occurred_at: datetime
    channel: str
    record_id: str
    rule: Row


@dataclass(frozen=True)
class Handoff:
    """What lead_handoff says about a person and a step, apart from the owner and the score."""

    qualified_at: datetime
    reason: str
    record_id: str
    due_at: datetime
    accepted_at: datetime | None
    hours_to_accept: Decimal | None
    status: str
    status_at: datetime
    return_reason: str | None
    is_overdue: bool


@dataclass
class Person:
    """The rows of one person, and the lists that all people share."""

    rules: list[Row]
    deadlines: Mapping[tuple[str, str], int]
    roles: Mapping[str, str]
    sincere: set[str]
    end: datetime
    touches: list[Row]
    tickets: list[Row]
    contacts: list[Row]
    links: list[Row]
    moves: list[Row]
    holds: list[Row]
    exclusions: list[Row]
    setbacks: list[Row]

    def handoffs(self) -> dict[str, Handoff]:
        """Return the latest hand-off of each step."""
        found: dict[str, Handoff] = {}
        for segment in range(len(self.setbacks) + 1):
            for step, sign in self.qualified(segment).items():
                found[step] = self._handoff(step, sign, segment)
        return found

    def qualified(self, segment: int) -> dict[str, Sign]:
        """Return the first sign of each step between two setbacks."""
        signs = [sign for sign in self._signs() if self._segment(sign) == segment]
        found: dict[str, Sign] = {}
        for is_later in (False, True):
            candidates: dict[str, list[Sign]] = defaultdict(list)
            for sign in signs:
                after = sign.rule["after"]
                if bool(after) == is_later and (
                    not after or (after in found and sign.occurred_at > found[after].moment)
                ):
                    candidates[sign.rule["rule"]].append(sign)
            firsts: dict[str, list[Sign]] = defaultdict(list)
            for own in candidates.values():
                once = sorted(set_of_records(own), key=lambda s: (s.moment, s.occurred_at, s.channel, s.record_id))
                times = int(once[0].rule["times"])
                if len(once) >= times:
                    firsts[once[0].rule["step"]].append(once[times - 1])
            for step, own in firsts.items():
                candidates_of_step = [*own, *([found[step]] if step in found else [])]
                found[step] = min(
                    candidates_of_step,
                    key=lambda s: (s.moment, int(s.rule["rule_order"]), s.channel, s.record_id),
                )
        return found

    def _signs(self) -> Iterator[Sign]:
        reachable = min(
            [
                *(row["started_at"] for row in self.links if row["started_at"]),
                *(row["observed_at"] for row in self.contacts if row["mobile"] or row["email"]),
            ],
            default=NEVER,
        )
        for rule in self.rules:
            for occurred_at, row in self._matching(rule):
                is_deal = rule["source"] == "opportunity"
                moment = occurred_at if is_deal else max(occurred_at, reachable)
                if moment == NEVER or self._is_excluded(moment) or (not is_deal and self._has_deal(moment)):
                    continue
                yield Sign(moment, occurred_at, row["channel"], row["record_id"], rule)

    def _matching(self, rule: Row) -> Iterable[tuple[datetime, Row]]:
        source = rule["source"]
        if source == "touch":
            wanted = {name: rule[name] for name in TOUCH_FIELDS if rule[name]}
            return [
                (t["occurred_at"], t) for t in self.touches if all(t[name] == value for name, value in wanted.items())
            ]
        if source == "sincere_action":
            return [
                (t["occurred_at"], t)
                for t in self.touches
                if t["direction"] == "inbound" and t["action"] in self.sincere
            ]
        if source == "conversation":
            return [(t["occurred_at"], t) for t in self.touches if is_conversation(t)]
        if source == "ticket":
            return [(t["opened_at"], t) for t in self.tickets]
        if source == "referral":
            return [(c["observed_at"], c) for c in self.contacts if c["referrer_value"]]
        if source == "link":
            return [(k["started_at"], k) for k in self.links if k["touchpoint"] == rule["touchpoint"]]
        if source == "stage":
            return [
                (m["moved_at"], m) for m in self.moves if m["to_stage"] == rule["stage"] and m["direction"] != "back"
            ]
        return [(h["held_from"], h) for h in self.holds if h["hold"] == "open"]

    def _is_excluded(self, moment: datetime) -> bool:
        return any(
            not x["is_overruled"] and x["since_at"] <= moment < (x["until_at"] or NEVER) for x in self.exclusions
        )

    def _has_deal(self, moment: datetime) -> bool:
        return any(h["held_from"] <= moment < (h["held_to"] or NEVER) for h in self.holds)

    def _segment(self, sign: Sign) -> int | None:
        """Number of setbacks before the moment; None if the record is older than the last of them."""
        before = [row["setback_at"] for row in self.setbacks if row["setback_at"] < sign.moment]
        return None if before and sign.occurred_at <= max(before) else len(before)

    def _handoff(self, step: str, sign: Sign, segment: int) -> Handoff:
        setback = self.setbacks[segment] if segment < len(self.setbacks) else None
        until = setback["setback_at"] if setback else NEVER
        accepted = min((moment for moment in self._answers(step, sign) if moment <= until), default=None)
        won = min(
            (
                h["held_from"]
                for h in self.holds
                if h["hold"] == "won" and h["held_to"] is None and h["held_from"] >= sign.moment and not setback
            ),
            default=None,
        )
        if setback:
            is_lost = setback["reason"] == "lost" and step == "sdr_to_sales"
            status, status_at = "lost" if is_lost else "returned", until
        elif won:
            status, status_at = "won", won
        elif accepted:
            status, status_at = "accepted", accepted
        else:
            status, status_at = "open", sign.moment
        due = sign.moment + timedelta(hours=self.deadlines[step, sign.rule["urgency"]])
        return Handoff(
            sign.moment,
            sign.rule["rule"],
            sign.record_id,
            due,
            accepted,
            hours(accepted - sign.moment) if accepted else None,
            status,
            status_at,
            setback["reason"] if setback else None,
            status == "open" and due < self.end,
        )

    def _answers(self, step: str, sign: Sign) -> Iterator[datetime]:
        for touch in self.touches:
            is_work = (
                self.roles.get(touch["staff_id"]) == ROLE_OF_STEP[step]
                and touch["direction"] == "outbound"
                and touch["medium"] in WORK
                and touch["action"] != "mass_send"
                and touch["outcome"] != "failed"
            )
            if touch["occurred_at"] > sign.moment and (is_work or is_conversation(touch)):
                yield touch["occurred_at"]
        for hold in self.holds:
            is_ours = hold["staff_id"] in self.roles or hold["sdr_id"] in self.roles
            if hold["hold"] == "open" and is_ours and hold["held_from"] >= sign.moment:
                yield hold["held_from"]


def set_of_records(signs: list[Sign]) -> list[Sign]:
    """Return one sign for each record: a record counts once for a rule, however many versions it has."""
    firsts: dict[tuple[str, str], Sign] = {}
    for sign in sorted(signs, key=lambda s: (s.moment, s.occurred_at)):
        firsts.setdefault((sign.channel, sign.record_id), sign)
    return list(firsts.values())


def is_conversation(touch: Row) -> bool:
    """Answered or replied to, or a visit or meeting that took place."""
    return touch["outcome"] in ("answered", "replied") or (
        touch["action"] in ("visit", "meeting") and touch["outcome"] != "failed"
    )


def hours(span: timedelta) -> Decimal:
    """Return whole seconds as hours with two digits, rounded down."""
    return (Decimal(int(span.total_seconds())) / 3600).quantize(Decimal("0.01"), ROUND_DOWN)
