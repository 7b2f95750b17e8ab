"""What counts as revenue, written from docs/money.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Line:
    """A line of an order, a refund or a won opportunity. `is_kept`: its purchase was not refunded in full."""

    channel: str
    record_id: str
    deal_id: str
    kind: str
    day: date
    amount: Decimal
    product_id: str | None
    path: str | None
    one_id: str | None
    account_id: str | None
    is_kept: bool


def lines_of(
    deals: Iterable[Mapping[str, Any]],
    kept: Collection[tuple[str, str, str, str]],
    day_of: Callable[[datetime], date],
    end: datetime,
) -> list[Line]:
    """`kept` has the purchases that still hold, by buyer, channel, kind and number."""
    rows = list(deals)
    statuses: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    refunded, fulfilled = set(), set()
    path_of = {row["deal_id"]: row["purchase_path"] for row in rows if row["kind"] == "opportunity"}
    for row in rows:
        deal = (row["channel"], row["deal_id"])
        if row["kind"] == "order":
            statuses[deal].add(row["status"])
            if row["status"] != "cancelled" and row["opportunity_id"] is not None:
                fulfilled.add(row["opportunity_id"])
        elif row["kind"] == "refund":
            refunded.add(deal)
    found = []
    for row in rows:
        deal = (row["channel"], row["deal_id"])
        at = row["closed_at"] if row["kind"] == "opportunity" else row["occurred_at"]
        counts = {
            "order": row["status"] != "cancelled" and (row["status"] != "refunded" or deal in refunded),
            "refund": statuses.get(deal) != {"cancelled"},
            "opportunity": row["status"] == "won" and row["deal_id"] not in fulfilled,
        }
        if not counts.get(row["kind"]) or at is None or at >= end:
            continue
        buyer = row["one_id"] or row["account_id"]
        found.append(
            Line(
                row["channel"], row["record_id"], row["deal_id"], row["kind"], day_of(at),
                row["amount"] if row["amount"] is not None else Decimal(0), row["product_id"],
                path_of.get(row["opportunity_id"]) or row["purchase_path"], row["one_id"], row["account_id"],
                (buyer, row["channel"], row["kind"], row["deal_id"]) in kept,
            )
        )  # fmt: skip
    return found
