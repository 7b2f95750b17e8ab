"""Touches in plain Python: what people did and what we sent, channel by channel, from their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.golden.exported import Exported, Row, midnight, utc

EXTERNAL = re.compile(r"w[mo][A-Za-z0-9_-]+")
OFFICIAL = {
    "subscribe": ("register", "follow"), "SCAN": ("interact", "scan"), "CLICK": ("interact", "menu_click"),
    "VIEW": ("view", "menu_view"),
}  # fmt: skip
WEBSITE = {
    "download": "download", "form_submit": "register", "video_replay": "attend", "chat": "interact",
    "price_inquiry": "interact", "quote_request": "purchase",
}  # fmt: skip


def touches(files: Exported, end: datetime) -> Iterator[Row]:
    """The touches of every channel."""
    for channel in (ads, after_sales, crm, exhibition, mall, official_account, training, webinar, website):
        for row in channel(files):
            yield {"channel": channel.__name__, "direction": "inbound"} | row
    for row in outreach(files, end):
        yield {"channel": "outreach"} | row
    for row in wecom(files):
        yield {"channel": "wecom"} | row
    for row in wecom_group(files):
        yield {"channel": "wecom_group", "direction": "inbound", "medium": "group"} | row


def _touch(record: str, moment: object, behaviour: str, action: str, medium: str, **more: Any) -> Row:
    return {
        "record_id": record, "occurred_at": utc(moment), "behaviour": behaviour, "action": action, "medium": medium,
        **more,
    }  # fmt: skip


def ads(files: Exported) -> Iterator[Row]:
    for row in files.things("ads/leads"):
        yield _touch(
            f"leads:{row['lead_id']}", row["submitted_at"], "register", "ad_lead", row["platform"],
            campaign_id=row["campaign_id"],
        )  # fmt: skip


def after_sales(files: Exported) -> Iterator[Row]:
    for row in files.things("after_sales/tickets"):
        record = f"tickets:{row['ticket_id']}"
        yield _touch(record, row["opened_at"], "service", "ticket", "ticket", scene=row["topic"])


def crm(files: Exported) -> Iterator[Row]:
    """What staff log. The type of a conversation is its medium, too."""
    for row in files.things("crm/activities"):
        kind = row["activity_type"]
        yield _touch(
            f"activities:{row['activity_id']}", row["occurred_at"], "interact", kind, kind,
            direction=row["direction"], outcome=row["outcome"], staff_id=row["owner"],
        )  # fmt: skip


def exhibition(files: Exported) -> Iterator[Row]:
    for row in files.things("exhibition/visitors"):
        yield _touch(
            f"visitors:{row['编号']}|{row['展会']}", row["签到时间"], "attend", "badge_scan", "exhibition",
            scene=row["展会"], campaign_id=row.get("活动"),
        )  # fmt: skip


def mall(files: Exported) -> Iterator[Row]:
    """Orders, whatever became of them, and coupons that were used."""
    for row in files.things("mall/orders"):
        yield _touch(
            f"orders:{row['order_id']}", row["ordered_at"], "purchase", "order", "mall",
            campaign_id=row["campaign_id"], staff_id=row["staff_id"],
        )  # fmt: skip
    for row in files.things("mall/coupons"):
        if row["状态"] == "已使用":
            yield _touch(
                f"coupons:{row['优惠券号']}",
                row["使用时间"],
                "purchase",
                "coupon_used",
                "mall",
                campaign_id=row["活动"],
            )


def official_account(files: Exported) -> Iterator[Row]:
    """A scan names its code: as it is, or after qrscene_ if it made somebody a follower."""
    for row in files.things("official_account/events"):
        event, key = row["Event"], row.get("EventKey") or ""
        if event in OFFICIAL:
            scanned = {"subscribe": key.removeprefix("qrscene_") if key.startswith("qrscene_") else "", "SCAN": key}
            code = files.codes.get(scanned.get(event, ""), {})
            yield _touch(
                f"events:{row['FromUserName']}|{utc(row['CreateTime'])}|{event}", row["CreateTime"], *OFFICIAL[event],
                "official_account", scene=code.get("scene"), campaign_id=code.get("campaign_id"),
            )  # fmt: skip


def outreach(files: Exported, end: datetime) -> Iterator[Row]:
    """A message, with how far it got up to the end. Whoever opens it, clicks or replies acts, too."""
    for row in files.things("outreach/sends"):
        record = f"sends:{row['send_id']}"
        own = {name: row[name] for name in ("campaign_id", "content_id", "staff_id")}
        yield _touch(
            record, row["sent_at"], "interact", row["medium"], row["medium"], direction="outbound",
            outcome=_outcome(row, end), **own,
        )  # fmt: skip
        for name, behaviour, action in (
            ("open", "view", "message_open"), ("click", "interact", "click"), ("reply", "interact", "reply"),
        ):  # fmt: skip
            moment = row["replied_at" if name == "reply" else f"{name}ed_at"]
            if moment:
                yield _touch(f"{record}#{name}", moment, behaviour, action, row["medium"], direction="inbound", **own)


def _outcome(row: Row, end: datetime) -> str:
    known = [name for name in ("delivered_at", "opened_at", "clicked_at", "replied_at") if _is_before(row[name], end)]
    if known:
        if row["medium"] == "call":
            return "answered"
        return {"replied_at": "replied", "clicked_at": "clicked"}.get(known[-1], "delivered")
    return "failed" if row["failed_reason"] and _is_before(row["updated_at"], end) else "sent"


def _is_before(moment: object, end: datetime) -> bool:
    return bool(moment) and utc(moment) < end


def training(files: Exported) -> Iterator[Row]:
    for row in files.things("training/enrolments"):
        record, own = f"enrolments:{row['course_id']}|{row['learner']}", {"campaign_id": row["campaign_id"]}
        own |= {"scene": "training", "content_id": row["course_id"]}
        yield _touch(f"{record}#enrol", row["enrolled_at"], "register", "enrol", "course", **own)
        if row["completed_at"]:
            yield _touch(f"{record}#complete", row["completed_at"], "attend", "course_complete", "course", **own)


def webinar(files: Exported) -> Iterator[Row]:
    """A question has no time of its own: it was asked when the viewer came."""
    for row in files.things("webinar/attendance"):
        record, own = f"attendance:{row['live_id']}|{row['viewer_id']}", {"campaign_id": row["campaign_id"]}
        own |= {"scene": "webinar", "content_id": row["live_id"]}
        joined, replayed, registered = row["joined_at"], row["replayed_at"], row["registered_at"]
        asked = (joined or replayed or registered) if int(row["questions"] or 0) > 0 else None
        for name, moment, behaviour, action in (
            ("register", registered, "register", "webinar_register"), ("join", joined, "attend", "live"),
            ("replay", replayed, "attend", "replay"), ("question", asked, "interact", "question"),
        ):  # fmt: skip
            if moment:
                yield _touch(f"{record}#{name}", moment, behaviour, action, "live", **own)


def website(files: Exported) -> Iterator[Row]:
    for row in files.things("website/events"):
        name = row["event_name"]
        yield _touch(
            f"events:{row['event_id']}", row["event_time"], WEBSITE.get(name, "view"), name, "web",
            content_id=row.get("content_id") or None, campaign_id=row.get("utm_campaign") or None,
        )  # fmt: skip


def wecom(files: Exported) -> Iterator[Row]:
    """An adding, the chat of a day in each direction, and mass messages that went out or failed."""
    for row in files.things("wecom/events"):
        kind, staff, customer = row["ChangeType"], row["UserID"], row["ExternalUserID"]
        if kind == "add_external_contact":
            code = files.codes.get(row.get("State") or "", {})
            yield _touch(
                f"events:{kind}|{staff}|{customer}|{utc(row['CreateTime'])}", row["CreateTime"], "register",
                "friend_add", "wecom", direction="inbound", scene=code.get("scene"),
                campaign_id=code.get("campaign_id"), staff_id=staff,
            )  # fmt: skip
    for row in files.things("wecom/messages"):
        record, staff = f"messages:{row['day']}|{row['userid']}|{row['external_userid']}", row["userid"]
        sent, received = (int(row[name] or 0) for name in ("sent_cnt", "received_cnt"))
        chat = ("interact", "chat", "one_to_one")
        if sent:
            outcome = "replied" if received else "sent"
            yield _touch(
                f"{record}#sent", row["day"], *chat, direction="outbound", outcome=outcome, staff_id=staff
            )  # fmt: skip
        if received:
            yield _touch(f"{record}#received", row["day"], *chat, direction="inbound", staff_id=staff)
    for row, moment in mass_messages(files):
        if row["status"] != 0:
            yield _touch(
                f"group_sends:{row['msgid']}|{row['userid']}|{row['recipient']}", None, "interact", "mass_send",
                "one_to_one" if row.get("external_userid") else "group", direction="outbound",
                outcome="delivered" if row["status"] == 1 else "failed", staff_id=row["userid"],
            ) | {"occurred_at": moment}  # fmt: skip


def mass_messages(files: Exported) -> Iterator[tuple[Row, datetime]]:
    """Recipients of mass messages, and when each message went out: a member of staff sends to all at once."""
    rows = files.things("wecom/group_sends")
    sent: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row["status"] == 1 and row.get("send_time"):
            sent.setdefault((row["msgid"], row["userid"]), []).append(row["send_time"])
    for row in rows:
        others = sent.get((row["msgid"], row["userid"]))
        own = row.get("send_time") if row["status"] == 1 else None
        seconds = own or (min(others) if others else None)
        yield row, utc(seconds) if seconds else midnight(row["_date"])


def wecom_group(files: Exported) -> Iterator[Row]:
    """Customers who join and write; whoever is in no list is a customer by the form of the ID."""
    members = {(row["chat_id"], row["userid"]): row for row in files.things("wecom_group/groups")}
    for (chat, member), row in members.items():
        if row["type"] == 2:
            code = files.codes.get(row.get("state") or "", {})
            yield _touch(
                f"groups:{chat}|{member}", row["join_time"], "register", "group_join", "group",
                scene=code.get("scene"), campaign_id=code.get("campaign_id") or files.group_campaigns.get(chat),
            )  # fmt: skip
    for row in files.things("wecom_group/group_messages"):
        chat, member = row["chat_id"], row["member"]
        listed = members.get((chat, member))
        is_customer = listed["type"] == 2 if listed else EXTERNAL.fullmatch(member)
        if is_customer and int(row["message_cnt"] or 0) > 0:
            yield _touch(
                f"group_messages:{row['day']}|{chat}|{member}", row["day"], "interact", "group_message", "group",
                campaign_id=files.group_campaigns.get(chat),
            )  # fmt: skip
