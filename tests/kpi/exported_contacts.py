"""Contacts and tickets in plain Python: when a channel knew somebody, and who referred them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.golden.exported import KEYS, Exported, Row, midnight, mobile, utc

# When a row told us of somebody, by export.
MOMENTS = {
    "ads/leads": "submitted_at", "after_sales/tickets": "opened_at", "exhibition/visitors": "签到时间",
    "mall/orders": "ordered_at", "mall/coupons": "发放时间", "training/enrolments": "enrolled_at",
}  # fmt: skip


def contacts(files: Exported, end: datetime) -> Iterator[Row]:
    """Everybody whom a channel knows something of."""
    for name, moment in MOMENTS.items():
        channel, export = name.split("/")
        for row in files.things(name):
            yield _known(channel, f"{export}:{'|'.join(str(row[column]) for column in KEYS[name])}", row[moment])
    for row in files.things("webinar/attendance"):
        moments = [row[name] for name in ("registered_at", "joined_at", "replayed_at") if row[name]]
        yield _known("webinar", f"attendance:{row['live_id']}|{row['viewer_id']}", min(moments, key=utc, default=None))
    for row in files.things("website/events"):
        if row["event_name"] == "form_submit":
            yield _known("website", f"events:{row['event_id']}", row["event_time"])
    for row in files.things("crm/contacts"):
        referrer = row["referrer_contact_id"]
        yield _known("crm", f"contacts:{row['contact_id']}", row["updated_at"]) | {
            "referrer_type": referrer and "crm_contact_id", "referrer_value": referrer and referrer.strip(),
        }  # fmt: skip
    yield from _of_tencent(files)


def _known(channel: str, record: str, moment: object) -> Row:
    return {"channel": channel, "record_id": record, "observed_at": utc(moment)}


def _of_tencent(files: Exported) -> Iterator[Row]:
    """Lists know their people since the day of the list, or since a later adding."""
    for row in files.things("official_account/users"):
        known = utc(row.get("subscribe_time") or None) or midnight(row["_date"])
        record = f"users:{row['openid']}|{row['subscribe']}"
        yield {"channel": "official_account", "record_id": record, "observed_at": known}
    for row in files.things("wecom_group/groups"):
        if row["type"] == 2:
            known = max(midnight(row["_date"]), utc(row["join_time"]))
            record = f"groups:{row['chat_id']}|{row['userid']}"
            yield {"channel": "wecom_group", "record_id": record, "observed_at": known}
    for export in ("contacts", "contact_details"):
        for row in files.things(f"wecom/{export}"):
            known = max(midnight(row["_date"]), utc(row["createtime"]))
            record = f"{export}:{row['external_userid']}|{row['userid']}"
            mobiles = {mobile(text) for text in row.get("remark_mobiles") or []} - {None}
            for number in range(1, max(len(mobiles), 1) + 1):  # each further mobile in a remark is a record, too
                name = record if number == 1 else f"{record}#{number}"
                yield {"channel": "wecom", "record_id": name, "observed_at": known}


def tickets(files: Exported, end: datetime) -> Iterator[Row]:
    for row in files.things("after_sales/tickets"):
        resolved = utc(row["resolved_at"])
        yield {
            "channel": "after_sales", "record_id": f"tickets:{row['ticket_id']}", "opened_at": utc(row["opened_at"]),
            "resolved_at": resolved if resolved and resolved < end else None,
            "first_reply_at": utc(row["first_reply_at"]), "csat": row["csat"] and int(row["csat"]),
            "nps": row["nps"] and int(row["nps"]),
        }  # fmt: skip
