"""Deals in plain Python, from the files of the mall and of the CRM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.golden.exported import Exported, Row, utc


def deals(files: Exported, end: datetime) -> Iterator[Row]:
    """Lines of orders, refunds and opportunities; what an order became after the end is not known yet."""
    orders = files.orders()
    items = {(row["order_id"], str(row["line_no"])): row for row in files.things("mall/order_items")}
    refunds = {row["refund_id"]: row for row in files.things("mall/refunds")}
    opportunities = {row["opportunity_id"]: row for row in files.things("crm/opportunities")}
    for (channel, record), deal in files.deals().items():
        export, _, key = record.partition(":")
        row: Row = {
            "channel": channel, "record_id": record, "occurred_at": deal["at"], "closed_at": deal["closed"],
            "deal_id": deal["deal"], "kind": deal["kind"], "status": deal["status"], "amount": deal["amount"],
            "campaign_id": deal["campaign"],
        }  # fmt: skip
        if deal["kind"] == "opportunity":
            source = opportunities[key]
            yield row | {"product_id": source["product_id"], "staff_id": source["owner"]}
            continue
        order = orders.get(deal["deal"], {})
        row["staff_id"] = order.get("staff_id")
        if export == "refunds":
            item = items.get((deal["deal"], str(refunds[key]["line_no"])), {})
            yield row | {"product_id": item.get("product_id")}
            continue
        item = items.get((deal["deal"], key.rpartition("|")[2]), {}) if export == "order_items" else {}
        count = item.get("item_count")
        yield row | {
            "status": deal["status"] if utc(order["updated_at"]) < end else None,
            "product_id": item.get("product_id"), "item_count": None if count is None else int(count),
            "opportunity_id": order["opportunity_id"],
        }  # fmt: skip
