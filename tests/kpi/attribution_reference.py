"""Attribution in plain Python: the touches before each deal, and what six models give each of them.

Shapley values are means over all orders in which the channels of a deal could have come, in fractions. Nothing of the
models' way is used: no coalition is a number, no share is rounded before it is complete.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import permutations
from math import factorial
from typing import Any

WHOLE = 10**12  # shares have so many parts
DIGITS = 10**10  # shares of journeys are rounded down to so many parts
MODELS = ("first", "last", "linear", "position", "time_decay", "shapley")
Key = tuple[str, str]  # channel and number of a deal
Channels = frozenset[str]


@dataclass(frozen=True)
class Rules:
    """The vars of attribution."""

    days: int = 90
    inbound: bool = True
    outbound: bool = True
    most: int = 50
    percent: int = 40
    half_life: int = 7
    players: int = 12


@dataclass(frozen=True, order=True)
class Touch:
    """A touch of a person, in the order of touches."""

    at: datetime
    channel: str
    record: str
    person: int = field(compare=False)
    campaign: str | None = field(compare=False, default=None)


@dataclass(frozen=True)
class Line:
    """A line of revenue."""

    deal: Key
    record: str
    is_refund: bool
    at: datetime
    person: int | None
    account: int | None
    amount: Decimal


@dataclass(frozen=True)
class Tenure:
    """When somebody belonged to a company; the first company also counts before."""

    person: int
    account: int
    since: datetime | None
    until: datetime | None

    def has(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


@dataclass(frozen=True)
class Deal:
    at: datetime
    person: int | None
    account: int | None
    cents: int


@dataclass(frozen=True)
class Part:
    """What a touch gets of a deal; without a touch, nobody's."""

    touch: Touch | None
    basis: str
    units: int
    cents: int


def counts(touch: Mapping[str, Any], rules: Rules) -> bool:
    """Whether a touch is one that may lead to a deal."""
    if touch["behaviour"] in ("purchase", "service"):
        return False
    if touch["direction"] == "inbound":
        return rules.inbound
    is_met = touch["action"] in ("visit", "meeting") and touch["outcome"] != "failed"
    has_arrived = is_met or touch["outcome"] in ("delivered", "clicked", "replied", "answered")
    return rules.outbound and touch["direction"] == "outbound" and touch["medium"] != "group" and has_arrived


def first_known(lines: list[Line], name: str) -> int | None:
    """The person or company of the first line that has one; refunds come last."""
    known = [line for line in lines if getattr(line, name) is not None]
    first = min(known, key=lambda line: (line.is_refund, line.at, line.record), default=None)
    return first and getattr(first, name)


def tenures(rows: list[tuple[Any, ...]]) -> list[Tenure]:
    """Who belonged to which company, and when. The first company also counts for the time before."""
    begun: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for person, account, since, until in rows:
        if since is not None:
            begun[person].append((since, account, until))
    return [
        Tenure(person, account, since if place else None, until)
        for person, found in begun.items()
        for place, (since, account, until) in enumerate(sorted(found, key=lambda one: one[:2]))
    ]


@dataclass
class Attribution:
    """Deals, and the touches that count, by person."""

    lines: list[Line]
    touches: Mapping[int, list[Touch]]
    tenures: list[Tenure]
    with_role: set[int]
    outsiders: set[int]
    end: datetime
    rules: Rules = Rules()
    digits: int | None = DIGITS  # None: shares of journeys are exact

    @cached_property
    def deals(self) -> dict[Key, Deal]:
        lines_of = defaultdict(list)
        for line in self.lines:
            lines_of[line.deal].append(line)
        return {
            key: Deal(
                min(line.at for line in ([one for one in lines if not one.is_refund] or lines)),
                first_known(lines, "person"), first_known(lines, "account"),
                int(sum(line.amount for line in lines) * 100),
            )
            for key, lines in lines_of.items()
        }  # fmt: skip

    def before(self, people: Iterable[int], moment: datetime) -> list[Touch]:
        """The touches of people in the days before a moment, in their order."""
        first = moment - timedelta(days=self.rules.days)
        return sorted(t for person in people for t in self.touches.get(person, []) if first <= t.at <= moment)

    @cached_property
    def paths(self) -> dict[Key, tuple[str, list[Touch]]]:
        """Whose touches each deal has, and which: the first one and the latest others."""
        found = {}
        for key, deal in self.deals.items():
            basis, touches = "buyer", self.before([] if deal.person is None else [deal.person], deal.at)
            if not touches and deal.account is not None:
                basis = "buying_group"
                members = {
                    one.person for one in self.tenures if one.account == deal.account and one.has(deal.at)
                } - self.outsiders
                touches = self.before(members & self.with_role, deal.at) or self.before(members, deal.at)
            if touches:
                kept = touches if len(touches) <= self.rules.most else [touches[0], *touches[1 - self.rules.most :]]
                found[key] = basis, kept
        return found

    @cached_property
    def player(self) -> dict[str, str]:
        """Channel of deals -> the channel itself, or other."""
        deals = Counter(channel for _, path in self.paths.values() for channel in {touch.channel for touch in path})
        ranked = sorted(deals, key=lambda channel: (-deals[channel], channel))
        own = len(ranked) if len(ranked) <= self.rules.players else self.rules.players - 1
        return {channel: channel if place < own else "(other)" for place, channel in enumerate(ranked)}

    def players(self, touches: Iterable[Touch]) -> Channels:
        return frozenset(self.player[touch.channel] for touch in touches)

    @cached_property
    def journeys(self) -> list[tuple[Channels, bool]]:
        """The channels of each journey, and whether it ended in a deal."""
        first = self.end - timedelta(days=self.rules.days)
        buyers = set(self.outsiders)
        for key, deal in self.deals.items():
            if deal.at >= first:
                basis, path = self.paths.get(key, ("", []))
                buyers |= {deal.person} - {None} | (
                    {touch.person for touch in path} if basis == "buying_group" else set()
                )
        found = [(self.players(path), True) for _, path in self.paths.values()]
        for person, touches in self.touches.items():
            recent = [touch for touch in touches if touch.at >= first]
            if person not in buyers and recent and all(touch.channel in self.player for touch in recent):
                found.append((self.players(recent), False))
        return found

    @cached_property
    def _values(self) -> dict[Channels, Fraction]:
        return {frozenset(): Fraction(0)}

    def value(self, channels: Channels) -> Fraction:
        """The best share of journeys within some channels, or within some of them, that ended in a deal."""
        if channels not in self._values:
            ends = [is_deal for others, is_deal in self.journeys if others <= channels]
            share = Fraction(sum(ends), len(ends) or 1)
            if self.digits:
                share = Fraction(int(share * self.digits), self.digits)
            self._values[channels] = max([share, *(self.value(channels - {one}) for one in channels)])
        return self._values[channels]

    def shapley(self, channels: Channels) -> dict[str, Fraction]:
        """What each channel adds to those before it, in the mean of all orders; in parts of the whole."""
        added: dict[str, Fraction] = defaultdict(Fraction)
        for order in permutations(sorted(channels)):
            for place, channel in enumerate(order):
                before = frozenset(order[:place])
                added[channel] += self.value(before | {channel}) - self.value(before)
        return {channel: total / factorial(len(channels)) / self.value(channels) for channel, total in added.items()}

    @cached_property
    def _credits(self) -> dict[Channels, dict[str, Fraction]]:
        return {
            channels: self.shapley(channels) for channels in {self.players(path) for _, path in self.paths.values()}
        }

    def weights(self, model: str, path: list[Touch]) -> list[Fraction]:
        """The share of each touch."""
        count = len(path)
        if model in ("first", "last"):
            at = 0 if model == "first" else count - 1
            return [Fraction(place == at) for place in range(count)]
        if model == "position" and count > 2:
            ends = Fraction(self.rules.percent, 100)
            return [ends, *[(1 - 2 * ends) / (count - 2)] * (count - 2), ends]
        if model == "time_decay":
            seconds = [int(path[-1].at.timestamp()) - int(touch.at.timestamp()) for touch in path]
            weights = [round(WHOLE * 0.5 ** (age / (self.rules.half_life * 86400))) for age in seconds]
            return [Fraction(weight, sum(weights)) for weight in weights]
        if model == "shapley":
            of_player = Counter(self.player[touch.channel] for touch in path)
            credits = self._credits[frozenset(of_player)]
            return [credits[self.player[t.channel]] / of_player[self.player[t.channel]] for t in path]
        return [Fraction(1, count)] * count

    def parts(self, key: Key, model: str) -> list[Part]:
        """What each touch of a deal gets."""
        cents = self.deals[key].cents
        if key not in self.paths:
            return [Part(None, "unattributed", WHOLE, cents)]
        basis, path = self.paths[key]
        units = [int(weight * WHOLE) for weight in self.weights(model, path)]
        units[-1] += WHOLE - sum(units)
        amounts = [abs(cents) * share // WHOLE for share in units]
        amounts[max(range(len(path)), key=lambda place: (units[place], place))] += abs(cents) - sum(amounts)
        sign = -1 if cents < 0 else 1
        rows = zip(path, units, amounts, strict=True)
        return [Part(touch, basis, share, sign * amount) for touch, share, amount in rows if share]

    def rows(self) -> dict[tuple[Any, ...], Part]:
        """(channel, deal, model, channel and record of the touch) -> what it gets."""
        return {
            (*key, model, part.touch and part.touch.channel, part.touch and part.touch.record): part
            for key in self.deals
            for model in MODELS
            for part in self.parts(key, model)
        }
