"""Stages, lead score and dormancy of one person in plain Python: slow, obvious, and written from the rules.

All moments are UTC without a zone. Nothing here knows of SQL; numbers are exact.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

Row = Mapping[str, str | None]
NOTHING = Decimal(0)
TWO_WAY_OUTCOMES = ("answered", "replied")
TWO_WAY_ACTIONS = ("visit", "meeting")


# Records of a person.


@dataclass(frozen=True)
class Touch:
    occurred_at: datetime
    channel: str
    record_id: str
    direction: str
    behaviour: str | None = None
    action: str | None = None
    outcome: str | None = None
    content_id: str | None = None
    product_id: str | None = None
    campaign_id: str | None = None

    @property
    def order(self) -> tuple[datetime, str, str]:
        return (self.occurred_at, self.channel, self.record_id)


@dataclass(frozen=True)
class Contact:
    """One version of a contact record; `is_current` unless a later version replaced it."""

    observed_at: datetime
    channel: str
    record_id: str
    full_name: str | None = None
    mobile: str | None = None
    mobile_source: str | None = None
    email: str | None = None
    is_current: bool = True


@dataclass(frozen=True)
class Link:
    started_at: datetime
    channel: str
    record_id: str
    touchpoint: str


@dataclass(frozen=True)
class Deal:
    """A line of an order, a refund or an opportunity. Not `is_theirs`: it names nobody or somebody else, and concerns
    a deal of theirs (a refund of their order, an order that fulfils their opportunity)."""

    occurred_at: datetime
    channel: str
    record_id: str
    deal_id: str
    kind: str
    status: str | None = None
    amount: Decimal | None = None
    closed_at: datetime | None = None
    opportunity_id: str | None = None
    is_theirs: bool = True


@dataclass(frozen=True)
class Exclusion:
    kind: str
    rule: str
    since_at: datetime
    until_at: datetime | None = None
    is_overruled: bool = False

    def applies(self, at: datetime) -> bool:
        begun = self.since_at <= at
        over = self.until_at is not None and self.until_at <= at
        return begun and not over and not self.is_overruled


@dataclass(frozen=True)
class Person:
    """Everything known of one person, whatever its moment; `mobiles` and `emails` are theirs in one_id."""

    touches: Sequence[Touch] = ()
    contacts: Sequence[Contact] = ()
    links: Sequence[Link] = ()
    deals: Sequence[Deal] = ()
    exclusions: Sequence[Exclusion] = ()
    mobiles: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()


# Rules, from the rows of the reference tables.


@dataclass(frozen=True)
class ScoreRule:
    rule: str
    behaviour: str | None
    action: str | None
    content_stage: str | None
    channel: str | None
    points: Decimal
    day_cap: Decimal | None

    def fits(self, touch: Touch, content_stage: str | None) -> bool:
        asked = (self.behaviour, self.action, self.content_stage, self.channel)
        found = (touch.behaviour, touch.action, content_stage, touch.channel)
        return all(wanted is None or wanted == is_ for wanted, is_ in zip(asked, found, strict=True))

    @property
    def precedence(self) -> tuple[bool, bool, bool, Decimal, str]:
        """The least counts."""
        return (self.action is None, self.content_stage is None, self.channel is None, -self.points, self.rule)

    @property
    def is_general(self) -> bool:
        return self.behaviour is not None and not (self.action or self.content_stage or self.channel)


@dataclass(frozen=True)
class SequenceRow:
    sequence: str
    step_no: int
    behaviour: str | None
    action: str | None
    within: timedelta
    points: Decimal

    def fits(self, touch: Touch) -> bool:
        return self.behaviour in (None, touch.behaviour) and self.action in (None, touch.action)


@dataclass(frozen=True)
class Rules:
    as_of: date
    timezone: ZoneInfo
    dormant_after: timedelta
    ranks: Mapping[str, int]
    potential_views: int
    potential_days: int
    intent_score: Decimal
    intent_behaviours: int
    back_to: str
    lead_rank: int
    half_life: timedelta
    halvings: int
    score_rules: Sequence[ScoreRule]
    sequences: Mapping[str, Sequence[SequenceRow]]
    calls: Mapping[tuple[str, str], Decimal]
    sincere_actions: frozenset[str]
    content_stages: Mapping[str, str | None]
    content_products: Mapping[str, str | None]
    public_campaigns: frozenset[str]
    free_mail_domains: frozenset[str]

    @property
    def end(self) -> datetime:
        """The moment at which as_of is over; what happens then or later has not happened."""
        return _midnight_after(self.as_of, self.timezone)

    @property
    def day_caps(self) -> dict[str, Decimal]:
        general = [rule for rule in self.score_rules if rule.is_general]
        return {r.behaviour: r.day_cap for r in general if r.behaviour is not None and r.day_cap is not None}

    def business_day(self, at: datetime) -> date:
        return _local_day(at, self.timezone)


@cache
def _midnight_after(day: date, timezone: ZoneInfo) -> datetime:
    following = day + timedelta(days=1)
    local = datetime(following.year, following.month, following.day, tzinfo=timezone)
    return local.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=100_000)
def _local_day(at: datetime, timezone: ZoneInfo) -> date:
    return at.replace(tzinfo=UTC).astimezone(timezone).date()


def read_rules(
    tables: Mapping[str, Sequence[Row]], as_of: date, timezone: str = "Asia/Shanghai", dormant_days: int = 90
) -> Rules:
    """Rules from rows of stage_rules, thresholds, score_rules, sequence_rules, ask_levels, calls_to_action,
    sincere_actions, content, campaigns, free_mail_domains and stages, as read from CSV (empty = None or '')."""
    stage_rules = {row["rule"]: _number(row["value"]) for row in tables["stage_rules"]}
    thresholds = {row["threshold"]: _number(row["value"]) for row in tables["thresholds"]}
    ranks = {_text(row["stage"]): int(_text(row["stage_rank"])) for row in tables["stages"]}
    ask_points = {row["ask_level"]: _number(row["points"]) for row in tables["ask_levels"]}
    sequences = defaultdict(list)
    for row in tables["sequence_rules"]:
        sequences[_text(row["sequence"])].append(_sequence_row(row))
    return Rules(
        as_of=as_of,
        timezone=ZoneInfo(timezone),
        dormant_after=timedelta(hours=24 * dormant_days),
        ranks=ranks,
        potential_views=int(stage_rules["potential_views"]),
        potential_days=int(stage_rules["potential_days"]),
        intent_score=stage_rules["intent_score"],
        intent_behaviours=int(stage_rules["intent_behaviours"]),
        back_to=next(stage for stage, rank in ranks.items() if rank == stage_rules["back_to_rank"]),
        lead_rank=int(stage_rules["lead_rank"]),
        half_life=timedelta(hours=24 * int(thresholds["score_half_life_days"])),
        halvings=int(thresholds["score_halvings"]),
        score_rules=[_score_rule(row) for row in tables["score_rules"]],
        sequences=sequences,
        calls={
            (_text(row["campaign_id"]), _text(row["action"])): ask_points[row["ask_level"]]
            for row in tables["calls_to_action"]
        },
        sincere_actions=frozenset(_text(row["action"]) for row in tables["sincere_actions"]),
        content_stages={_text(row["content_id"]): row["content_stage"] or None for row in tables["content"]},
        content_products={_text(row["content_id"]): row["product_id"] or None for row in tables["content"]},
        public_campaigns=frozenset(
            _text(row["campaign_id"]) for row in tables["campaigns"] if row["domain"] == "public"
        ),
        free_mail_domains=frozenset(_text(row["email_domain"]) for row in tables["free_mail_domains"]),
    )


def _text(value: str | None) -> str:
    assert value
    return value


def _number(value: str | None) -> Decimal:
    return Decimal(_text(value))


def _score_rule(row: Row) -> ScoreRule:
    return ScoreRule(
        _text(row["rule"]),
        row["behaviour"] or None,
        row["action"] or None,
        row["content_stage"] or None,
        row["channel"] or None,
        _number(row["points"]),
        _number(row["day_cap"]) if row["day_cap"] else None,
    )


def _sequence_row(row: Row) -> SequenceRow:
    return SequenceRow(
        _text(row["sequence"]),
        int(_text(row["step_no"])),
        row["behaviour"] or None,
        row["action"] or None,
        timedelta(hours=24 * int(_text(row["within_days"]))),
        _number(row["points"]),
    )


# What is known at the end of as_of, in the order in which it happened.


def known_touches(person: Person, rules: Rules) -> list[Touch]:
    return sorted((t for t in person.touches if t.occurred_at < rules.end), key=lambda t: t.order)


def inbound_touches(person: Person, rules: Rules) -> list[Touch]:
    return [touch for touch in known_touches(person, rules) if touch.direction == "inbound"]


def known_links(person: Person, rules: Rules) -> list[Link]:
    return [link for link in person.links if link.started_at < rules.end]


def known_contacts(person: Person, rules: Rules) -> list[Contact]:
    return [contact for contact in person.contacts if contact.observed_at < rules.end]


def is_partner(person: Person, at: datetime) -> bool:
    return any(row.kind == "partner" and row.applies(at) for row in person.exclusions)


def is_excluded(person: Person, at: datetime) -> bool:
    return any(row.applies(at) for row in person.exclusions)


# What a person's touches are worth.


@dataclass(frozen=True)
class ScoreEvent:
    """What counts towards a score; `started_at` is where a sequence began, else the moment itself."""

    part: str
    rule: str
    channel: str
    record_id: str
    occurred_at: datetime
    started_at: datetime
    listed_points: Decimal
    points: Decimal


@dataclass(frozen=True)
class ScorePart:
    event: ScoreEvent
    halvings: int
    decay: Decimal
    score: Decimal


def score_events(person: Person, rules: Rules) -> list[ScoreEvent]:
    found = [*_behaviours(person, rules), *_sequences(person, rules), *_calls(person, rules)]
    return [event for event in found if event.points > 0]


def _event(part: str, rule: str, touch: Touch, started_at: datetime, listed: Decimal, points: Decimal) -> ScoreEvent:
    return ScoreEvent(
        part, rule, touch.channel, touch.record_id, touch.occurred_at, started_at, listed, points
    )  # fmt: skip


def rule_of(touch: Touch, rules: Rules) -> ScoreRule | None:
    stage = rules.content_stages.get(touch.content_id) if touch.content_id else None
    fitting = [rule for rule in rules.score_rules if rule.fits(touch, stage)]
    return min(fitting, key=lambda rule: rule.precedence, default=None)


def _behaviours(person: Person, rules: Rules) -> Iterator[ScoreEvent]:
    caps = rules.day_caps
    counted: dict[tuple[str | None, date], Decimal] = defaultdict(Decimal)
    for touch in inbound_touches(person, rules):
        rule = rule_of(touch, rules)
        if rule is None:
            continue
        day = (touch.behaviour, rules.business_day(touch.occurred_at))
        points = rule.points
        if touch.behaviour in caps:
            points = min(points, caps[touch.behaviour] - counted[day])
        counted[day] += points
        yield _event("behaviour", rule.rule, touch, touch.occurred_at, rule.points, points)


def _sequences(person: Person, rules: Rules) -> Iterator[ScoreEvent]:
    touches = inbound_touches(person, rules)
    for sequence, rows in rules.sequences.items():
        steps = max(row.step_no for row in rows)
        rewarded: set[datetime] = set()
        for touch, row, chain in _chains(touches, rows, steps):
            if touch.occurred_at - chain <= row.within and chain not in rewarded:
                rewarded.add(chain)
                yield _event("sequence", sequence, touch, chain, row.points, row.points)


def _chains(
    touches: Sequence[Touch], rows: Sequence[SequenceRow], step_no: int
) -> list[tuple[Touch, SequenceRow, datetime]]:
    """Events of a step that the steps before it led to, in time, each with the latest beginning that leads to it."""
    events = [(touch, row) for touch in touches for row in rows if row.step_no == step_no and row.fits(touch)]
    if step_no == 1:
        return [(touch, row, touch.occurred_at) for touch, row in events]
    before = _chains(touches, rows, step_no - 1)
    found = []
    for touch, row in events:
        beginnings = [chain for earlier, _, chain in before if earlier.occurred_at < touch.occurred_at]
        if beginnings:
            found.append((touch, row, max(beginnings)))
    return found


def _calls(person: Person, rules: Rules) -> Iterator[ScoreEvent]:
    answered: set[tuple[str, str]] = set()
    for touch in inbound_touches(person, rules):
        call = (touch.campaign_id or "", touch.action or "")
        if call in rules.calls and call not in answered:
            answered.add(call)
            points = rules.calls[call]
            yield _event("call_to_action", call[0], touch, touch.occurred_at, points, points)


def halvings_of(event: ScoreEvent, at: datetime, rules: Rules) -> int:
    return (at - event.occurred_at) // rules.half_life


def score_parts(person: Person, rules: Rules) -> list[ScorePart]:
    """The parts of the score at the end of as_of."""
    found = []
    for event in score_events(person, rules):
        halvings = halvings_of(event, rules.end, rules)
        if halvings < rules.halvings:
            decay = Decimal("0.5") ** halvings
            found.append(ScorePart(event, halvings, decay, event.points * decay))
    return found


def worth_at(events: Iterable[ScoreEvent], at: datetime, rules: Rules) -> Decimal:
    """What events up to a moment are worth at that moment."""
    total = NOTHING
    for event in events:
        if event.occurred_at <= at:
            halvings = halvings_of(event, at, rules)
            if halvings < rules.halvings:
                total += event.points * Decimal("0.5") ** halvings
    return total


# What deals hold a person, and when nothing does any more.


@dataclass(frozen=True)
class Hold:
    """A deal holds a person in [held_from, held_to): open = an opportunity under way, won = bought."""

    hold: str
    channel: str
    deal_id: str
    record_id: str
    held_from: datetime
    held_to: datetime | None
    is_lost: bool = False

    def holds_at(self, at: datetime) -> bool:
        return self.held_from <= at and (self.held_to is None or at < self.held_to)


@dataclass(frozen=True)
class Order:
    """An order that was paid: the lines of one number in one channel. `is_lapsed`: refunded, and nobody knows when."""

    channel: str
    deal_id: str
    opportunity_id: str | None
    paid_at: datetime
    refunded_at: datetime | None
    is_lapsed: bool = False

    @property
    def is_kept(self) -> bool:
        return self.refunded_at is None and not self.is_lapsed


@dataclass(frozen=True)
class Setback:
    at: datetime
    reason: str
    channel: str
    record_id: str


def _known_deals(person: Person, rules: Rules) -> list[Deal]:
    return [deal for deal in person.deals if deal.occurred_at < rules.end]


def orders_of(deals: Sequence[Deal]) -> list[Order]:
    numbers = sorted({(deal.channel, deal.deal_id) for deal in deals if deal.kind == "order"})
    found = []
    for channel, deal_id in numbers:
        same = [deal for deal in deals if (deal.channel, deal.deal_id) == (channel, deal_id)]
        order = _order([d for d in same if d.kind == "order"], [d for d in same if d.kind == "refund"])
        if order:
            found.append(order)
    return found


def _order(lines: Sequence[Deal], refunds: Sequence[Deal]) -> Order | None:
    """None: it was cancelled."""
    lines = [line for line in lines if line.status in (None, "paid", "shipped", "done", "refunded")]
    if not lines:
        return None
    paid_at = min(line.occurred_at for line in lines)
    to_refund = sum((line.amount or NOTHING for line in lines), NOTHING)
    all_back_at = None
    moments = sorted({refund.occurred_at for refund in refunds})
    for moment in moments:
        back = -sum((r.amount or NOTHING for r in refunds if r.occurred_at <= moment), NOTHING)
        if all_back_at is None and back >= to_refund:
            all_back_at = moment
    is_called_refunded = all(line.status == "refunded" for line in lines)
    if is_called_refunded and moments:
        # Its status calls it refunded, be the refunds a cent short.
        all_back_at = all_back_at or moments[-1]
    opportunity_id = max((line.opportunity_id for line in lines if line.opportunity_id), default=None)
    refunded_at = max(paid_at, all_back_at) if all_back_at else None
    is_lapsed = is_called_refunded and not moments
    return Order(lines[0].channel, lines[0].deal_id, opportunity_id, paid_at, refunded_at, is_lapsed)


def holds_of(person: Person, rules: Rules) -> list[Hold]:
    deals = _known_deals(person, rules)
    orders = orders_of(deals)
    found = []
    for deal in deals:
        if deal.kind == "opportunity" and deal.is_theirs:
            found += _opportunity_holds(deal, orders, rules)
    for order in orders:
        rows = [
            deal.record_id
            for deal in deals
            if deal.is_theirs
            and deal.kind == "order"
            and (deal.channel, deal.deal_id) == (order.channel, order.deal_id)
        ]
        if rows and not order.is_lapsed:
            found.append(Hold("won", order.channel, order.deal_id, min(rows), order.paid_at, order.refunded_at))
    return found


def _opportunity_holds(deal: Deal, orders: Sequence[Order], rules: Rules) -> list[Hold]:
    """While open; and once won until all orders that fulfil it are refunded. If nobody knows when, it never was."""
    names = (deal.channel, deal.deal_id, deal.record_id)
    is_closed = deal.status in ("won", "lost") and deal.closed_at is not None and deal.closed_at < rules.end
    if not is_closed:
        closes_later = deal.closed_at is not None and deal.closed_at >= rules.end
        is_open = deal.status == "open" or closes_later
        return [Hold("open", *names, deal.occurred_at, None)] if is_open else []
    closed_at = deal.closed_at
    assert closed_at is not None
    open_hold = Hold("open", *names, deal.occurred_at, closed_at, is_lost=deal.status == "lost")
    if deal.status == "lost":
        return [open_hold]
    own = [order for order in orders if order.opportunity_id == deal.deal_id]
    if not own or any(order.is_kept for order in own):
        return [open_hold, Hold("won", *names, closed_at, None)]
    moments = [order.refunded_at for order in own if order.refunded_at is not None]
    return [open_hold, Hold("won", *names, closed_at, max(closed_at, *moments))] if moments else [open_hold]


def setbacks_of(person: Person, rules: Rules) -> list[Setback]:
    holds = holds_of(person, rules)
    found = []
    for hold in holds:
        if hold.held_to is None:
            continue
        at = hold.held_to
        held_by = {other.hold for other in holds if other.holds_at(at)}
        if hold.hold == "won" and "won" not in held_by:
            # Who has given everything back is no buyer, whatever else is under way.
            found.append(Setback(at, "refunded", hold.channel, hold.record_id))
        if hold.hold == "open" and hold.is_lost and not held_by:
            found.append(Setback(at, "lost", hold.channel, hold.record_id))
    return sorted(found, key=lambda s: (s.at, s.channel, s.record_id))


# Who they are.


@dataclass(frozen=True)
class Identified:
    at: datetime
    channel: str
    record_id: str


def identified(person: Person, rules: Rules) -> Identified | None:
    """When a name and a number or a corporate address are both known, and the contact that completes them."""
    contacts = known_contacts(person, rules)
    named = [c.observed_at for c in contacts if c.full_name]
    verified = [c.observed_at for c in contacts if _is_verified(c, person, rules)]
    if not named or not verified:
        return None
    at = max(min(named), min(verified))
    completing = [c for c in contacts if c.observed_at == at == min(named) and c.full_name]
    completing += [c for c in contacts if c.observed_at == at == min(verified) and _is_verified(c, person, rules)]
    channel, record_id = min((c.channel, c.record_id) for c in completing)
    return Identified(at, channel, record_id)


def _is_verified(contact: Contact, person: Person, rules: Rules) -> bool:
    has_mobile = contact.mobile in person.mobiles and contact.mobile_source != "staff_remark"
    has_email = contact.email in person.emails and str(contact.email).split("@")[-1] not in rules.free_mail_domains
    return has_mobile or has_email


# What says that somebody belongs in a stage.


@dataclass(frozen=True)
class Evidence:
    occurred_at: datetime
    channel: str
    record_id: str
    reason: str


@dataclass
class Segment:
    """The stretch (after, upto] between two setbacks."""

    after: datetime | None
    upto: datetime | None
    evidence: dict[str, list[Evidence]] = field(default_factory=lambda: defaultdict(list))

    def has(self, at: datetime) -> bool:
        return (self.after is None or self.after < at) and (self.upto is None or at <= self.upto)


def segments_of(person: Person, rules: Rules) -> list[Segment]:
    """All stretches between setbacks with what speaks for each stage in them."""
    moments: list[datetime | None] = [None, *(s.at for s in setbacks_of(person, rules)), None]
    events = score_events(person, rules)
    known = identified(person, rules)
    found = [Segment(after, upto) for after, upto in itertools.pairwise(moments)]
    for segment in found:
        _touches_speak(segment, person, rules)
        _links_speak(segment, person, rules)
        _deals_speak(segment, person, rules)
        if known:
            _ripeness_speaks(segment, person, rules, events, known)
    return found


def _is_evidence(segment: Segment, person: Person, at: datetime) -> bool:
    """A record of a partner is evidence of nothing."""
    return segment.has(at) and not is_partner(person, at)


def _touches_speak(segment: Segment, person: Person, rules: Rules) -> None:
    views: list[Touch] = []
    for touch in inbound_touches(person, rules):
        if not _is_evidence(segment, person, touch.occurred_at):
            continue
        segment.evidence["visitor"].append(Evidence(*touch.order, "touch"))
        if touch.behaviour == "view" and is_of_product(touch, rules):
            views.append(touch)
            days = {rules.business_day(view.occurred_at) for view in views}
            if len(views) >= rules.potential_views and len(days) >= rules.potential_days:
                segment.evidence["potential"].append(Evidence(*touch.order, "product_views"))
        if touch.behaviour in ("download", "attend") or (touch.behaviour == "register" and touch.action != "follow"):
            segment.evidence["profiled"].append(Evidence(*touch.order, touch.behaviour))
        if touch.behaviour == "view" and touch.campaign_id in rules.public_campaigns:
            segment.evidence["profiled"].append(Evidence(*touch.order, "ad_click"))


def is_of_product(touch: Touch, rules: Rules) -> bool:
    return bool(touch.product_id or (touch.content_id and rules.content_products.get(touch.content_id)))


def _links_speak(segment: Segment, person: Person, rules: Rules) -> None:
    speaks = {
        "official_account": ("potential", "follow"),
        "wecom": ("profiled", "link_wecom"),
        "group": ("profiled", "link_group"),
    }
    for link in known_links(person, rules):
        if link.touchpoint in speaks and _is_evidence(segment, person, link.started_at):
            stage, reason = speaks[link.touchpoint]
            segment.evidence[stage].append(Evidence(link.started_at, link.channel, link.record_id, reason))


def _deals_speak(segment: Segment, person: Person, rules: Rules) -> None:
    conversations = [
        touch
        for touch in known_touches(person, rules)
        if is_two_way(touch) and _is_evidence(segment, person, touch.occurred_at)
    ]
    for hold in holds_of(person, rules):
        if not _is_evidence(segment, person, hold.held_from):
            continue
        begin = Evidence(hold.held_from, hold.channel, hold.record_id, "deal" if hold.hold == "won" else "opportunity")
        if hold.hold == "won":
            segment.evidence["won"].append(begin)
        elif conversations:
            first = conversations[0]
            if hold.held_to is None or first.occurred_at < hold.held_to:
                is_later = first.occurred_at > hold.held_from
                segment.evidence["pending"].append(Evidence(*first.order, "conversation") if is_later else begin)


def is_two_way(touch: Touch) -> bool:
    return touch.outcome in TWO_WAY_OUTCOMES or (touch.action in TWO_WAY_ACTIONS and touch.outcome != "failed")


def _ripeness_speaks(
    segment: Segment, person: Person, rules: Rules, events: Sequence[ScoreEvent], known: Identified
) -> None:
    touches = [touch for touch in inbound_touches(person, rules) if segment.has(touch.occurred_at)]
    counting = [event for event in events if segment.has(event.occurred_at) and segment.has(event.started_at)]
    moments = {touch.order for touch in touches}
    if segment.has(known.at):
        moments.add((known.at, known.channel, known.record_id))
    for at, channel, record_id in sorted(moments):
        if at < known.at or is_excluded(person, at):
            continue
        so_far = [touch for touch in touches if touch.occurred_at <= at]
        is_sincere = any(touch.action in rules.sincere_actions for touch in so_far)
        behaviours = {touch.behaviour for touch in so_far if touch.behaviour}
        if not is_sincere and len(behaviours) < rules.intent_behaviours:
            continue
        if worth_at(counting, at, rules) > rules.intent_score:
            reason = "sincerity" if is_sincere else "behaviours"
            segment.evidence["intent"].append(Evidence(at, channel, record_id, reason))
            return  # the first of a segment moves, and no other


# Where they stand.


@dataclass(frozen=True)
class Transition:
    moved_at: datetime
    from_stage: str | None
    to_stage: str
    direction: str
    reason: str
    channel: str
    record_id: str


@dataclass(frozen=True)
class Interval:
    stage: str
    is_dormant: bool
    valid_from: datetime
    valid_to: datetime | None


def transitions_of(person: Person, rules: Rules) -> list[Transition]:
    """Every move in its order."""
    found: list[Transition] = []
    stands: str | None = None
    been_before: set[str] = set()  # stages stood in before the last setback
    segments = segments_of(person, rules)
    setbacks: list[Setback | None] = [*setbacks_of(person, rules), None]
    for segment, setback in zip(segments, setbacks, strict=True):
        for stage, first in _in_order(segment, rules):
            if stands is None or rules.ranks[stage] > rules.ranks[stands]:
                # Whoever stood beyond a stage had reached it, even if it was skipped on the way.
                has_been = any(rules.ranks[stage] <= rules.ranks[been] for been in been_before)
                direction = "re_entry" if has_been else "forward"
                found.append(
                    Transition(
                        first.occurred_at, stands, stage, direction, first.reason, first.channel, first.record_id
                    )
                )
                stands = stage
        if setback is None:
            break
        been_before = {move.to_stage for move in found}
        if stands is not None and rules.ranks[stands] > rules.ranks[rules.back_to]:
            found.append(
                Transition(
                    setback.at, stands, rules.back_to, "back", setback.reason, setback.channel, setback.record_id
                )
            )
            stands = rules.back_to
    return found


def _in_order(segment: Segment, rules: Rules) -> list[tuple[str, Evidence]]:
    firsts = [
        (stage, min(found, key=lambda e: (e.occurred_at, e.channel, e.record_id, e.reason)))
        for stage, found in segment.evidence.items()
        if found
    ]
    return sorted(firsts, key=lambda f: (f[1].occurred_at, rules.ranks[f[0]], f[1].channel, f[1].record_id))


def intervals_of(person: Person, rules: Rules) -> list[Interval]:
    """Where the person was from when to when, from the first move on; a new one with every moment that moves them."""
    moves = transitions_of(person, rules)
    if not moves:
        return []
    begin = moves[0].moved_at
    signs = sorted({begin, *(touch.occurred_at for touch in inbound_touches(person, rules))})
    sleeps = [
        (sign + rules.dormant_after, following)
        for sign, following in zip(signs, [*signs[1:], rules.end], strict=True)
        if sign + rules.dormant_after < following
    ]
    moments = {move.moved_at for move in moves}
    for falls, wakes in sleeps:
        moments |= {moment for moment in (falls, wakes) if begin <= moment < rules.end}
    ordered = sorted(moments)
    return [
        Interval(
            [move.to_stage for move in moves if move.moved_at <= since][-1],
            any(falls <= since < wakes for falls, wakes in sleeps),
            since,
            until,
        )
        for since, until in zip(ordered, [*ordered[1:], None], strict=True)
    ]
