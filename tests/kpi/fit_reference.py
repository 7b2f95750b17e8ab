"""The private-domain fit of product lines in plain Python: from the sample's files.

Deals come from the sample's files (revenue_reference.py). Who a record belongs to, tags, tickets and devices are read
from a build database: they have references of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

import duckdb

from tests.kpi.revenue_reference import Line, Revenue

DAYS, REPEAT_DAYS, LEAST = 730, 90, 5
FACTORS = (
    "trial_cost", "brand_power", "loyalty", "purchase_cycle", "audience_precision", "differentiation",
    "price_per_order",
)  # fmt: skip
TRAITS = {"trial_cost": "low_decision_cost", "brand_power": "brand_power", "loyalty": "loyalty",
          "differentiation": "differentiation"}  # fmt: skip
COMMUNITY = ("standard", "low_decision_cost", "talking_topic", "needs_service")
Figure = tuple[Fraction, int]  # the figure, and the cases that it rests on


class Fit:
    """What data and people say about each product line."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.revenue = Revenue(con)
        self.as_of = self.revenue.as_of
        self.lines = sorted({row[0] for row in self.revenue.files.table("products", "product_line")})
        self.marks = {
            (line, trait): int(score)
            for line, trait, score in self.revenue.files.table("product_traits", "product_line", "trait", "score")
        }

    @cached_property
    def purchases(self) -> dict[str, list[Line]]:
        """The lines of purchases that were not paid back in full, by product line."""
        of_deals: dict[tuple[str, str], list[Line]] = defaultdict(list)
        for line in self.revenue.lines:
            of_deals[line.order].append(line)
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.revenue.lines:
            deal = of_deals[line.order]
            is_back = any(not one.is_order for one in deal) and sum(one.amount for one in deal) <= 0
            is_ours = line.person in self.revenue.outsiders
            is_young = line.day > self.as_of - timedelta(DAYS)
            if line.is_order and line.buyer and is_young and not is_back and not is_ours:
                found[str(line.members["product_line"])].append(line)
        return found

    def days(self, product_line: str) -> dict[Any, dict[date, Decimal]]:
        """What each buyer paid on each day."""
        found: dict[Any, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for line in self.purchases[product_line]:
            found[line.buyer][line.day] += line.amount
        return found

    def trial_cost(self, product_line: str) -> Figure | None:
        firsts = [days[min(days)] for days in self.days(product_line).values()]
        return _median([amount for amount in firsts if amount > 0])

    def loyalty(self, product_line: str) -> Figure | None:
        old = [sorted(days) for days in self.days(product_line).values()]
        old = [days for days in old if days[0] + timedelta(REPEAT_DAYS) <= self.as_of]
        loyal = [days for days in old if len(days) > 1 and (days[1] - days[0]).days <= REPEAT_DAYS]
        return (Fraction(len(loyal), len(old)), len(old)) if old else None

    def purchase_cycle(self, product_line: str) -> Figure | None:
        gaps = []
        for days in self.days(product_line).values():
            ordered = sorted(days)
            gaps += [(late - early).days for early, late in pairwise(ordered)]
        return _median(gaps)

    def price_per_order(self, product_line: str) -> Figure | None:
        prices: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for line in self.purchases[product_line]:
            prices[line.order] += line.amount
        return _median([amount for amount in prices.values() if amount > 0])

    def audience_precision(self, product_line: str) -> Figure | None:
        found = []
        for counts in (self.values(product_line, "industry"), self.values(product_line, "job_function")):
            if counts:
                known = sum(counts.values())
                top = sum(count for _, count in counts.most_common(2))
                found.append((known >= LEAST, Fraction(top, known), known))
        if not found:
            return None
        _, share, known = max(found, key=lambda one: one[:2])
        return share, known

    def values(self, product_line: str, tag: str) -> Counter[str]:
        """How many customers of a line have each value of a tag: companies an industry, people the others."""
        people = {line.person for line in self.purchases[product_line]}
        companies = {line.account for line in self.purchases[product_line]}
        companies |= {account for account, line, _ in self.devices if line == product_line}
        customers = companies if tag == "industry" else people
        return Counter(self.tags[tag][one] for one in customers if one in self.tags[tag])

    @cached_property
    def tags(self) -> Mapping[str, Mapping[Any, str]]:
        people = "select person_key, tag_value from tags.person_tag join identity.person using (one_id)"
        return {
            "industry": self.revenue.industries,
            **{
                tag: dict(self.revenue.rows(f"{people} where tag_code = '{tag}'"))
                for tag in ("job_function", "top_topic")
            },
        }

    @cached_property
    def devices(self) -> list[tuple[int | None, str, str]]:
        """The company, the product line and the serial number of each device."""
        products = dict(self.revenue.files.table("products", "product_id", "product_line"))
        rows = self.revenue.rows("select channel, record_id, product_id, device_serial from records.device")
        owned = self.revenue.owned
        return [(owned[channel, record][1], products[product], serial) for channel, record, product, serial in rows]

    def tickets(self, product_line: str) -> Decimal:
        """The tickets of a line: those of its devices, and as large a part of those without one."""
        lines = {serial: line for _, line, serial in self.devices}
        serials = [row[0] for row in self.revenue.rows("select device_serial from records.ticket")]
        known = [lines[serial] for serial in serials if serial in lines]
        part = Decimal(known.count(product_line) * len(serials)) / Decimal(len(known))
        return part.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def margin(self, product_line: str) -> Decimal:
        lines = self.revenue.lines
        return sum((one.margin for one in lines if one.members["product_line"] == product_line), Decimal(0))

    def figure(self, product_line: str, factor: str) -> tuple[str, Fraction | None, int | None]:
        """The source, the figure and the number of cases of a factor."""
        of_data = getattr(self, factor)(product_line) if hasattr(self, factor) else None
        if of_data and of_data[1] >= LEAST:
            return "data", *of_data
        mark = self.marks.get((product_line, TRAITS.get(factor, "")))
        return ("missing", None, None) if mark is None else ("traits", Fraction(mark), None)

    @cached_property
    def rules(self) -> list[dict[str, str]]:
        columns = ("factor", "source", "from", "to", "points")
        return [dict(zip(columns, row, strict=True)) for row in self.revenue.files.table("fit_rules", *columns)]

    def points(self, factor: str, source: str, figure: Fraction | None) -> tuple[int, int] | None:
        """The points of a figure, and the most that there could be."""
        if figure is None:
            return None
        rows = [row for row in self.rules if (row["factor"], row["source"]) == (factor, source)]
        [points] = [
            int(row["points"])
            for row in rows
            if (not row["from"] or figure >= Fraction(row["from"])) and (not row["to"] or figure < Fraction(row["to"]))
        ]
        return points, max(int(row["points"]) for row in rows)

    def grade(self, product_line: str) -> tuple[str | None, int, int]:
        """The grade, the points and the most points."""
        known = [self.points(factor, *self.figure(product_line, factor)[:2]) for factor in FACTORS]
        points, most = (sum(pair) for pair in zip(*filter(None, known), strict=True))
        share = Fraction(points, most)
        limits = (("all", 75), ("mostly", 50), ("partly", 25), ("barely", 0))
        return next(grade for grade, percent in limits if share * 100 >= percent), points, most

    def is_community(self, product_line: str) -> bool:
        topics = self.values(product_line, "top_topic")
        known = sum(topics.values())
        source, cycle, _ = self.figure(product_line, "purchase_cycle")
        return (
            len(self.days(product_line)) >= 20
            and known >= LEAST
            and Fraction(max(topics.values()), known) * 100 >= 33
            and source == "data"
            and cycle is not None
            and cycle <= 90
            and sum(self.marks.get((product_line, trait), 0) >= 4 for trait in COMMUNITY) >= 2
        )

    def way(self, product_line: str) -> str:
        grade, _, _ = self.grade(product_line)
        fits = grade in ("all", "mostly")
        pairs = [self.points(f, *self.figure(product_line, f)[:2]) for f in ("trial_cost", "price_per_order")]
        covered = self.margin(product_line) > 0 and self.margin(product_line) >= self.tickets(product_line) * 300
        strong = {trait for (line, trait), mark in self.marks.items() if line == product_line and mark >= 4}
        choices = (
            (grade == "barely", "public_ads"),
            (self.is_community(product_line), "community"),
            (fits and any(pair is not None and pair[0] == pair[1] for pair in pairs), "one_to_one"),
            ("needs_service" in strong and covered, "service_group"),
            ("talking_topic" in strong, "topic_group"),
            ("low_decision_cost" in strong, "flash_group"),
            (fits, "one_to_one"),
        )
        return next((way for holds, way in choices if holds), "public_ads")


def _median(figures: list[Any]) -> Figure | None:
    return (Fraction(median(map(Fraction, figures))), len(figures)) if figures else None
