"""Daily figures in plain Python: of members of staff, as WeCom counts them, and of groups, from their messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from tests.golden.exported import Exported, Row, local_day, utc
from tests.kpi.exported_touches import EXTERNAL

COUNTS = ("chat_cnt", "message_cnt", "negative_feedback_cnt", "new_apply_cnt", "new_contact_cnt")


def staff_days(files: Exported, end: datetime) -> Iterator[Row]:
    """A day that is nothing but zeros for everybody has not been counted yet."""
    days: dict[date, list[Row]] = defaultdict(list)
    for row in files.things("wecom/behavior"):
        days[local_day(utc(row["stat_time"]))].append(row)
    for day, rows in days.items():
        if any(row.get(name) for row in rows for name in COUNTS):
            for row in rows:
                minutes = row.get("avg_reply_time")
                yield {
                    "channel": "wecom", "record_id": f"behavior:{row['userid']}|{utc(row['stat_time'])}", "day": day,
                    "staff_id": row["userid"], "chats": row["chat_cnt"],
                    "first_reply_minutes": None if minutes is None else Decimal(str(minutes)),
                }  # fmt: skip


def group_days(files: Exported, end: datetime) -> Iterator[Row]:
    """Messages in a group on a day. Whoever no list has is external if the id looks so."""
    types = {(row["chat_id"], row["userid"]): row["type"] for row in files.things("wecom_group/groups")}
    days: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in files.things("wecom_group/group_messages"):
        count, member = int(row["message_cnt"] or 0), row["member"]
        if count > 0:
            kind = types.get((row["chat_id"], member)) or (2 if EXTERNAL.fullmatch(member) else 1)
            both = days[row["day"], row["chat_id"]]
            both[0] += count
            both[1] += count if kind == 2 else 0
    for (day, chat), (messages, of_members) in days.items():
        yield {
            "channel": "wecom_group", "record_id": f"group_messages:{day}|{chat}", "day": date.fromisoformat(day),
            "group_id": chat, "messages": messages, "member_messages": of_members,
        }  # fmt: skip
