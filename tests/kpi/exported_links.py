"""Links in plain Python: since when and until when people could be reached, from the files of four channels.

Callbacks get lost. Lists of contacts and mass messages that nobody receives any more say what they would have said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.golden.exported import Exported, Row, local_day, midnight, utc
from tests.kpi.exported_touches import EXTERNAL, mass_messages

DAY = timedelta(days=1)
SAME_ADD = timedelta(seconds=10)
CALLBACK_DAYS = 1
ENDED_BY = {
    "deleted_by_person": "person", "not_friend": "person", "deleted_by_staff": "staff", "not_listed": "staff",
    "transferred": "system",
}  # fmt: skip
Pair = tuple[str, str]  # customer, member of staff
Start = tuple[datetime, int, str]  # moment, how much its source is worth (least first), record
Sign = tuple[datetime, datetime, str]  # when it is known, the end that it gives, reason


@dataclass(frozen=True)
class Stretch:
    """A time from a start to the next one."""

    record: str
    start: datetime
    following: datetime | None

    def has(self, moment: datetime) -> bool:
        return self.start < moment and (self.following is None or moment <= self.following)


def links(files: Exported, end: datetime) -> Iterator[Row]:
    for channel in (mall, official_account, wecom, wecom_group):
        for row in channel(files, end):
            yield {"channel": channel.__name__} | row


def mall(files: Exported, end: datetime) -> Iterator[Row]:
    """A member of the mall can be reached there since the first order."""
    first: dict[str, tuple[datetime, str]] = {}
    for order in files.orders().values():
        if (member := order["member_id"]) is not None:
            one = (utc(order["ordered_at"]), order["order_id"])
            first[member] = min(first.get(member, one), one)
    for moment, order_id in first.values():
        yield {"record_id": f"orders:{order_id}", "touchpoint": "mall", "started_at": moment}


def _stretches(starts: list[Start], end: datetime) -> list[Stretch]:
    """A start after the end ends nothing yet."""
    starts = sorted(starts)
    following = [moment for moment, *_ in starts[1:]]
    return [
        Stretch(record, moment, after if after is not None and after < end else None)
        for (moment, _, record), after in zip(starts, [*following, None], strict=True)
    ]


def official_account(files: Exported, end: datetime) -> Iterator[Row]:
    starts: dict[str, dict[datetime, Start]] = defaultdict(dict)
    left: dict[str, list[datetime]] = defaultdict(list)
    for row in files.things("official_account/events"):
        openid, moment = row["FromUserName"], utc(row["CreateTime"])
        if row["Event"] == "subscribe":
            starts[openid][moment] = (moment, 1, f"events:{openid}|{moment}|subscribe")
        elif row["Event"] == "unsubscribe" and moment < end:
            left[openid].append(moment)
    for row in files.things("official_account/users"):
        if row["subscribe"] == 1 and row.get("subscribe_time"):
            moment = utc(row["subscribe_time"])
            starts[row["openid"]].setdefault(moment, (moment, 2, f"users:{row['openid']}|1"))
    listed = _lists_of_followers(files, end)
    for openid, found in starts.items():
        unlisted = _end_by_lists(list(found), *listed.get(openid, (None, None)))
        for one in _stretches(list(found.values()), end):
            ends = sorted(filter(one.has, left[openid])) or list(filter(one.has, unlisted))
            ended = ends[0] if ends else one.following
            yield {
                "record_id": one.record, "touchpoint": "official_account", "holder_id": "official_account",
                "started_at": one.start, "ended_at": ended, "ended_by": "person" if ended else None,
            }  # fmt: skip


def _lists_of_followers(files: Exported, end: datetime) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Openid -> the last list with it as a follower, and as somebody who has left."""
    found: dict[str, dict[int, datetime]] = defaultdict(dict)
    for row in files.rows("official_account/users"):
        if (day := midnight(row["_date"])) < end:
            own = found[row["openid"]]
            own[row["subscribe"]] = max(day, own.get(row["subscribe"], day))
    return {openid: (own.get(1), own.get(0)) for openid, own in found.items()}


def _end_by_lists(starts: list[datetime], followed: datetime | None, gone: datetime | None) -> list[datetime]:
    """The day after the last list with the follower, or after a later start, if the last of all lists is without."""
    days = [midnight(f"{local_day(moment)}") for moment in starts]
    before = [day for day in days if gone is not None and day <= gone]
    if gone is None or not before or (followed is not None and followed >= gone):
        return []
    return [max(*before, followed or before[0]) + DAY]


def wecom(files: Exported, end: datetime) -> Iterator[Row]:
    starts, signs = _adds(files), _signs(files, end)
    for (customer, staff), adds in starts.items():
        for one in _stretches(_joined(adds), end):
            found = sorted(sign for sign in signs[customer, staff] if one.has(sign[1]))
            ended, reason = found[0][1:] if found else (one.following, "")
            yield {
                "record_id": one.record, "touchpoint": "wecom", "holder_id": staff, "staff_id": staff,
                "started_at": one.start, "ended_at": ended,
                "ended_by": ENDED_BY.get(reason, "person") if ended else None,
            }  # fmt: skip


def _adds(files: Exported) -> dict[Pair, list[Start]]:
    """Every report that a customer and a member of staff became friends."""
    found: dict[Pair, list[Start]] = defaultdict(list)
    for row in files.things("wecom/events"):
        if row["ChangeType"] == "add_external_contact":
            customer, staff, moment = row["ExternalUserID"], row["UserID"], utc(row["CreateTime"])
            record = f"events:add_external_contact|{staff}|{customer}|{moment}"
            found[customer, staff].append((moment, 1, record))
    for worth, export in ((2, "contacts"), (3, "contact_details")):
        for row in files.things(f"wecom/{export}"):
            customer, staff = row["external_userid"], row["userid"]
            found[customer, staff].append((utc(row["createtime"]), worth, f"{export}:{customer}|{staff}"))
    return found


def _joined(adds: list[Start]) -> list[Start]:
    """Reports of about the same moment are one adding, which began with the first and is named by the best of them."""
    adds = sorted(adds)
    groups = [[adds[0]]]
    for before, after in pairwise(adds):
        if after[0] - before[0] > SAME_ADD:
            groups.append([])
        groups[-1].append(after)
    return [(group[0][0], 0, min(group, key=lambda one: (one[1], one[0], one[2]))[2]) for group in groups]


def _signs(files: Exported, end: datetime) -> dict[Pair, list[Sign]]:
    """What says that two are no longer friends. A list is believed once a callback would have come."""
    found: dict[Pair, list[Sign]] = defaultdict(list)
    for row in files.things("wecom/events"):
        moment, kind = utc(row["CreateTime"]), row["ChangeType"]
        if kind in ("del_follow_user", "del_external_contact") and moment < end:
            by_staff = "transferred" if row.get("Source") == "DELETE_BY_TRANSFER" else "deleted_by_staff"
            reason = "deleted_by_person" if kind == "del_follow_user" else by_staff
            found[row["ExternalUserID"], row["UserID"]].append((moment, moment, reason))
    for row, moment in mass_messages(files):
        if row["status"] == 2 and row.get("external_userid") and moment < end:
            known = midnight(f"{local_day(moment)}") + DAY * (CALLBACK_DAYS + 1)
            found[row["external_userid"], row["userid"]].append((known, moment, "not_friend"))
    for (customer, staff), day in _removed(files, "wecom/contacts", ("external_userid", "userid"), end).items():
        found[customer, staff].append((day + DAY * (CALLBACK_DAYS + 1), day, "not_listed"))
    return found


def _removed(files: Exported, name: str, key: tuple[str, str], end: datetime) -> dict[Pair, datetime]:
    """Who was in a list once and is no longer -> the first list without them."""
    lists: dict[datetime, set[Pair]] = defaultdict(set)
    for row in files.rows(name):
        if (day := midnight(row["_date"])) < end:
            lists[day].add((row[key[0]], row[key[1]]))
    last = {pair: day for day in sorted(lists) for pair in lists[day]}
    return {pair: min(one for one in lists if one > day) for pair, day in last.items() if day < max(lists)}


def wecom_group(files: Exported, end: datetime) -> Iterator[Row]:
    """From joining to the first list without the member. If others were in the group before and after, the member left
    by their own will; if the group is gone, it was dissolved."""
    members = {(row["chat_id"], row["userid"]): row for row in files.things("wecom_group/groups")}
    removed = _removed(files, "wecom_group/groups", ("chat_id", "userid"), end)
    for (chat, member), row in members.items():
        if row["type"] != 2:
            continue
        gone, joined, by = removed.get((chat, member)), utc(row["join_time"]), None
        if gone is not None:
            later = [
                utc(other["join_time"])
                for key, other in members.items()
                if key[0] == chat and (key not in removed or removed[key] > gone)
            ]
            stayed = any(moment < gone for moment in later)
            by = "person" if stayed else None if later else "system"
        invitor = row.get("invitor", {}).get("userid", "")
        referrer = invitor if EXTERNAL.fullmatch(invitor) else None
        yield {
            "record_id": f"groups:{chat}|{member}", "touchpoint": "group", "holder_id": chat,
            "staff_id": row["owner"], "started_at": joined, "ended_at": None if gone is None else max(gone, joined),
            "ended_by": by, "referrer_type": referrer and "external_userid", "referrer_value": referrer,
        }  # fmt: skip
