"""Every channel from its files to its records: what the files say, reckoned another way, is what the release holds."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import SAMPLE, Ran
from tests.golden.exported import Exported, Row, email, local_day, midnight, mobile, utc

AS_OF_END = midnight("2026-07-01")
CHANNELS = (
    "ads", "after_sales", "crm", "exhibition", "mall", "official_account", "outreach", "training", "webinar",
    "website", "wecom", "wecom_group",
)  # fmt: skip
WEBSITE = {
    "download": "download", "form_submit": "register", "video_replay": "attend", "chat": "interact",
    "price_inquiry": "interact", "quote_request": "purchase",
}  # fmt: skip
ACCOUNT = {"subscribe": "register", "VIEW": "view", "SCAN": "interact", "CLICK": "interact"}
# A member of staff is added, or deleted, within seconds of what a callback and a list say of it.
SAME_ADD = timedelta(seconds=10)

Touch = tuple[str, datetime, str | None, str | None]  # behaviour, moment, direction, campaign


@pytest.fixture(scope="module")
def files() -> Exported:
    return Exported(SAMPLE)


@pytest.fixture(scope="module")
def release(night: Ran) -> duckdb.DuckDBPyConnection:
    """The release with identifiers as they are."""
    return night.connect_raw()


# Contacts: (channel, record) -> the identifiers that the row names.


def contacts_of(files: Exported, channel: str) -> dict[str, dict[str, Any]]:
    """Whoever a channel knows by a row of their own."""
    return {record: {k: v for k, v in ids.items() if v} for record, ids in CONTACTS[channel](files)}


def _website_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("website/events"):
        if row["event_name"] == "form_submit":
            form = row["form"]
            yield f"events:{row['event_id']}", {
                "cookie_id": row["cookie_id"], "member_id": row.get("member_id"), "mobile": mobile(form["mobile"]),
                "email": email(form["email"]),
            }  # fmt: skip


def _account_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("official_account/users"):
        ids = {"openid": row["openid"], "unionid": row.get("unionid")}
        yield f"users:{row['openid']}|{row['subscribe']}", ids


def _wecom_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    """Each further mobile that staff wrote down is a record of its own."""
    for export, row in _lists_of_wecom(files):
        record = f"{export}:{row['external_userid']}|{row['userid']}"
        ids = {"external_userid": row["external_userid"], "unionid": row.get("unionid")}
        written = [mobile(text) for text in row.get("remark_mobiles", [])]
        digits = re.findall(r"1\d\d-\d{4}-\d{4}", row["remark"])
        numbers = list(dict.fromkeys(number for number in written if number)) or [mobile(text) for text in digits]
        yield record, ids | {"mobile": numbers[0] if numbers else None}
        for place, number in enumerate(numbers[1:], start=2):
            yield f"{record}#{place}", ids | {"mobile": number}


def _lists_of_wecom(files: Exported) -> Iterator[tuple[str, Row]]:
    """Contacts as all of them are listed, and as some are asked for one by one."""
    for export in ("contacts", "contact_details"):
        yield from ((export, row) for row in files.things(f"wecom/{export}"))


def _group_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in _members(files):
        ids = {"external_userid": row["userid"], "unionid": row.get("unionid")}
        yield f"groups:{row['chat_id']}|{row['userid']}", ids


def _mall_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("mall/orders"):
        ids = {"member_id": row["member_id"], "unionid": row["unionid"], "mobile": mobile(row["mobile"])}
        yield f"orders:{row['order_id']}", ids
    for row in files.things("mall/coupons"):
        yield f"coupons:{row['优惠券号']}", {"member_id": row["会员号"], "mobile": mobile(row["手机号"])}


def _crm_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("crm/contacts"):
        ids = {"crm_contact_id": row["contact_id"], "crm_account_id": row["account_id"]}
        yield f"contacts:{row['contact_id']}", ids | {"mobile": mobile(row["mobile"]), "email": email(row["email"])}


def _exhibition_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("exhibition/visitors"):
        ids = {"mobile": mobile(row["手机"]), "email": email(row["邮箱"])}
        yield f"visitors:{row['编号']}|{row['展会']}", ids


def _training_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("training/enrolments"):
        ids = {"mobile": mobile(row["mobile"]), "email": email(row["email"])}
        yield f"enrolments:{row['course_id']}|{row['learner']}", ids


def _webinar_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("webinar/attendance"):
        ids = {"unionid": row["unionid"], "mobile": mobile(row["mobile"])}
        yield f"attendance:{row['live_id']}|{row['viewer_id']}", ids


def _service_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("after_sales/tickets"):
        ids = {"mobile": mobile(row["mobile"]), "device_serial": row["device_serial"]}
        yield f"tickets:{row['ticket_id']}", ids


def _ads_contacts(files: Exported) -> Iterator[tuple[str, Row]]:
    for row in files.things("ads/leads"):
        yield f"leads:{row['lead_id']}", {"mobile": mobile(row["mobile"])}


def _nobody(_files: Exported) -> Iterator[tuple[str, Row]]:
    """Outreach writes to people whom others know."""
    yield from ()


CONTACTS: dict[str, Callable[[Exported], Iterator[tuple[str, Row]]]] = {
    "ads": _ads_contacts, "after_sales": _service_contacts, "crm": _crm_contacts, "exhibition": _exhibition_contacts,
    "mall": _mall_contacts, "official_account": _account_contacts, "outreach": _nobody, "training": _training_contacts,
    "webinar": _webinar_contacts, "website": _website_contacts, "wecom": _wecom_contacts,
    "wecom_group": _group_contacts,
}  # fmt: skip

# Touches: record -> behaviour, moment, direction, campaign.


def touches_of(files: Exported, channel: str) -> dict[str, Touch]:
    """What people did, and what was done to reach them, in one channel."""
    return dict(TOUCHES[channel](files))


def _website_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("website/events"):
        behaviour = WEBSITE.get(row["event_name"], "view")
        yield f"events:{row['event_id']}", (behaviour, utc(row["event_time"]), "inbound", row.get("utm_campaign"))


def _account_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("official_account/events"):
        if row["Event"] != "unsubscribe":
            key = (row.get("EventKey") or "").removeprefix("qrscene_") if row["Event"] in ("subscribe", "SCAN") else ""
            moment = utc(row["CreateTime"])
            record = f"events:{row['FromUserName']}|{moment}|{row['Event']}"
            yield record, (ACCOUNT[row["Event"]], moment, "inbound", files.codes.get(key, {}).get("campaign_id"))


def _wecom_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("wecom/events"):
        if row["ChangeType"] == "add_external_contact":
            moment = utc(row["CreateTime"])
            record = f"events:{row['ChangeType']}|{row['UserID']}|{row['ExternalUserID']}|{moment}"
            campaign = files.codes.get(row.get("State", ""), {}).get("campaign_id")
            yield record, ("register", moment, "inbound", campaign)
    for row in files.things("wecom/messages"):
        record = f"messages:{row['day']}|{row['userid']}|{row['external_userid']}"
        if int(row["sent_cnt"]):
            yield f"{record}#sent", ("interact", midnight(row["day"]), "outbound", None)
        if int(row["received_cnt"]):
            yield f"{record}#received", ("interact", midnight(row["day"]), "inbound", None)
    # Who was not reached has no time of their own: it is that of the others.
    sent: dict[tuple[str, str], datetime] = {}
    sends = files.things("wecom/group_sends")
    for row in sends:
        if "send_time" in row:
            key = (row["msgid"], row["userid"])
            sent[key] = min(sent.get(key, AS_OF_END), utc(row["send_time"]))
    for row in sends:
        if row["status"] != 0:
            moment = utc(row.get("send_time")) or sent.get((row["msgid"], row["userid"])) or midnight(row["_date"])
            record = f"group_sends:{row['msgid']}|{row['userid']}|{row['recipient']}"
            yield record, ("interact", moment, "outbound", None)


def _group_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in _members(files):
        campaign = files.codes.get(row.get("state", ""), {}).get("campaign_id")
        found = campaign or files.group_campaigns.get(row["chat_id"])
        yield f"groups:{row['chat_id']}|{row['userid']}", ("register", utc(row["join_time"]), "inbound", found)
    for row in files.things("wecom_group/group_messages"):
        if row["member"].startswith("wm") and int(row["message_cnt"]):  # else it is one of us
            record = f"group_messages:{row['day']}|{row['chat_id']}|{row['member']}"
            campaign = files.group_campaigns.get(row["chat_id"])
            yield record, ("interact", midnight(row["day"]), "inbound", campaign)


def _mall_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("mall/orders"):
        yield f"orders:{row['order_id']}", ("purchase", utc(row["ordered_at"]), "inbound", row["campaign_id"])
    for row in files.things("mall/coupons"):
        if row["状态"] == "已使用":
            yield f"coupons:{row['优惠券号']}", ("purchase", utc(row["使用时间"]), "inbound", row["活动"])


def _crm_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("crm/activities"):
        yield f"activities:{row['activity_id']}", ("interact", utc(row["occurred_at"]), row["direction"], None)


def _exhibition_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("exhibition/visitors"):
        record = f"visitors:{row['编号']}|{row['展会']}"
        yield record, ("attend", utc(row["签到时间"]), "inbound", row["活动"])


def _training_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("training/enrolments"):
        record = f"enrolments:{row['course_id']}|{row['learner']}"
        yield f"{record}#enrol", ("register", utc(row["enrolled_at"]), "inbound", row["campaign_id"])
        if row["completed_at"]:
            yield f"{record}#complete", ("attend", utc(row["completed_at"]), "inbound", row["campaign_id"])


def _webinar_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("webinar/attendance"):
        record = f"attendance:{row['live_id']}|{row['viewer_id']}"
        joined, replayed = utc(row["joined_at"]), utc(row["replayed_at"])
        asked = (joined or replayed) if int(row["questions"] or 0) else None
        moments = {"register": utc(row["registered_at"]), "join": joined, "replay": replayed, "question": asked}
        behaviours = {"register": "register", "join": "attend", "replay": "attend", "question": "interact"}
        for name, moment in moments.items():
            if moment is not None:
                yield f"{record}#{name}", (behaviours[name], moment, "inbound", row["campaign_id"])


def _service_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("after_sales/tickets"):
        yield f"tickets:{row['ticket_id']}", ("service", utc(row["opened_at"]), "inbound", None)


def _ads_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("ads/leads"):
        yield f"leads:{row['lead_id']}", ("register", utc(row["submitted_at"]), "inbound", row["campaign_id"])


def _outreach_touches(files: Exported) -> Iterator[tuple[str, Touch]]:
    for row in files.things("outreach/sends"):
        record, campaign = f"sends:{row['send_id']}", row["campaign_id"]
        yield record, ("interact", utc(row["sent_at"]), "outbound", campaign)
        for name, behaviour in (("open", "view"), ("click", "interact"), ("reply", "interact")):
            moment = utc(row[{"open": "opened_at", "click": "clicked_at", "reply": "replied_at"}[name]])
            if moment is not None:
                yield f"{record}#{name}", (behaviour, moment, "inbound", campaign)


TOUCHES: dict[str, Callable[[Exported], Iterator[tuple[str, Touch]]]] = {
    "ads": _ads_touches, "after_sales": _service_touches, "crm": _crm_touches, "exhibition": _exhibition_touches,
    "mall": _mall_touches, "official_account": _account_touches, "outreach": _outreach_touches,
    "training": _training_touches, "webinar": _webinar_touches, "website": _website_touches, "wecom": _wecom_touches,
    "wecom_group": _group_touches,
}  # fmt: skip


def _members(files: Exported) -> list[Row]:
    """External members of groups, each as the last list that has them says."""
    return [row for row in files.things("wecom_group/groups") if row["type"] == 2]


# Links: (who, holder, since) -> who ended it and when, None while it stands.

End = tuple[str, datetime]
Links = dict[tuple[str, str, datetime], End | None]


def _account_links(files: Exported) -> Links:
    """A life of follows: begun where a message or the last list says so; ended by a message, by the next follow, or,
    where nobody told, on the day after a list knew the follower for the last time."""
    begun: dict[str, set[datetime]] = defaultdict(set)
    left: dict[str, set[datetime]] = defaultdict(set)
    for row in files.rows("official_account/events"):
        {"subscribe": begun, "unsubscribe": left}.get(row["Event"], defaultdict(set))[row["FromUserName"]].add(
            utc(row["CreateTime"])
        )
    listed: dict[tuple[str, int], str] = {}
    for row in files.rows("official_account/users"):
        key = (row["openid"], row["subscribe"])
        listed[key] = max(listed.get(key, ""), row["_date"])
    for row in files.things("official_account/users"):
        if row["subscribe"]:
            begun[row["openid"]].add(utc(row["subscribe_time"]))
    found: Links = {}
    for openid, starts in begun.items():
        for start in starts:
            later = min((other for other in starts if other > start), default=AS_OF_END)
            ends = [moment for moment in left[openid] if start < moment <= later]
            known, gone = listed.get((openid, 1), ""), listed.get((openid, 0), "")
            if not ends and later < AS_OF_END:
                ends = [later]
            elif not ends and known < gone and start < midnight(gone) + timedelta(days=1):
                since = max(known, local_day(start).strftime("%Y%m%d"))
                ends = [midnight(since) + timedelta(days=1)]
            found[openid, "official_account", start] = ("person", min(ends)) if ends else None
    return found


def _wecom_links(files: Exported) -> Links:
    """Callbacks first; a message that finds no friend any more, and a list that lacks somebody, tell of lost ones."""
    pairs: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in files.things("wecom/events"):
        if row["ChangeType"] == "add_external_contact":
            pairs[row["ExternalUserID"], row["UserID"]].append(utc(row["CreateTime"]))
    for _, row in _lists_of_wecom(files):
        pairs[row["external_userid"], row["userid"]].append(utc(row["createtime"]))
    ends = _wecom_ends(files)
    found: Links = {}
    for (who, holder), moments in pairs.items():
        starts = [m for m in sorted(set(moments)) if not any(m - SAME_ADD <= other < m for other in moments)]
        for start in starts:
            later = min((other for other in starts if other > start), default=AS_OF_END)
            told = sorted((known, at, by) for at, known, by in ends[who, holder] if start < at <= later)
            if told:
                found[who, holder, start] = (told[0][2], told[0][1])
            else:
                found[who, holder, start] = ("person", later) if later < AS_OF_END else None
    return found


def _wecom_ends(files: Exported) -> dict[tuple[str, str], list[tuple[datetime, datetime, str]]]:
    """(who, holder) -> when it ended, when that is believed, and who ended it: a callback is believed at once, a sign
    only when no callback has come by the end of the next day."""
    ends: dict[tuple[str, str], list[tuple[datetime, datetime, str]]] = defaultdict(list)
    for row in files.things("wecom/events"):
        moment, kind = utc(row["CreateTime"]), row["ChangeType"]
        if kind in ("del_follow_user", "del_external_contact"):
            by = "person" if kind == "del_follow_user" else "system" if row.get("Source") else "staff"
            ends[row["ExternalUserID"], row["UserID"]].append((moment, moment, by))
    moments = {record: touch[1] for record, touch in _wecom_touches(files)}
    for row in files.things("wecom/group_sends"):
        if row["status"] == 2:
            moment = moments[f"group_sends:{row['msgid']}|{row['userid']}|{row['recipient']}"]
            known = midnight(str(local_day(moment) + timedelta(days=2)))
            ends[row["recipient"], row["userid"]].append((moment, known, "person"))
    lists = sorted({row["_date"] for row in files.rows("wecom/contacts")})
    for row in files.things("wecom/contacts"):
        if row["_date"] != lists[-1]:
            gone = midnight(lists[lists.index(row["_date"]) + 1])
            ends[row["external_userid"], row["userid"]].append((gone, gone + timedelta(days=2), "staff"))
    return ends


def _group_links(files: Exported) -> Links:
    """Present until a list lacks them; a group that is in no list any more was dissolved."""
    rows = files.rows("wecom_group/groups")
    lists = sorted({row["_date"] for row in rows})
    alive = {(row["chat_id"], row["_date"]) for row in rows}
    found: Links = {}
    for row in _members(files):
        key = (row["userid"], row["chat_id"], utc(row["join_time"]))
        found[key] = None
        if row["_date"] != lists[-1]:
            lacking = lists[lists.index(row["_date"]) + 1]
            found[key] = ("person" if (row["chat_id"], lacking) in alive else "system", midnight(lacking))
    return found


def _mall_links(files: Exported) -> Links:
    first: dict[str, datetime] = {}
    for row in files.things("mall/orders"):
        first[row["member_id"]] = min(first.get(row["member_id"], AS_OF_END), utc(row["ordered_at"]))
    return {(member, "", moment): None for member, moment in first.items()}


LINKS: dict[str, tuple[str, Callable[[Exported], Links]]] = {
    "official_account": ("openid", _account_links),
    "wecom": ("external_userid", _wecom_links),
    "group": ("external_userid", _group_links),
    "mall": ("member_id", _mall_links),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_contacts_and_the_people_behind_them(channel: str, files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    expected = contacts_of(files, channel)
    found = _found_contacts(release, channel)
    assert len(found) == len(expected)
    assert found == expected
    people = {_person(files, channel, record) for record in found}
    assert "" not in people and bool(people) == (channel != "outreach")
    # One person each behind what WeChat and logins say, whoever typed what.
    for name in ("unionid", "openid", "external_userid", "member_id", "crm_contact_id"):
        owners = {(ids[name], _person(files, channel, record)) for record, ids in found.items() if name in ids}
        assert len(owners) == len({value for value, _ in owners}), name


def _found_contacts(release: duckdb.DuckDBPyConnection, channel: str) -> dict[str, dict[str, Any]]:
    ids = ("cookie_id", "member_id", "openid", "unionid", "external_userid", "mobile", "email", "crm_contact_id",
           "device_serial", "credit_code", "email_domain", "crm_account_id")  # fmt: skip
    rows = release.execute(
        f"select record_id, {', '.join(ids)} from records.contact where channel = ?", [channel]
    ).fetchall()
    return {row[0]: {name: value for name, value in zip(ids, row[1:], strict=True) if value} for row in rows}


def _person(files: Exported, channel: str, record: str) -> str:
    """Who stands behind a record; '' for nobody."""
    return files.truth[channel, record.partition("#")[0]][0]


@pytest.mark.parametrize("channel", CHANNELS)
def test_touches_by_behaviour(channel: str, files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    expected = touches_of(files, channel)
    rows = release.execute(
        "select record_id, behaviour, occurred_at, direction, campaign_id from records.touch where channel = ?",
        [channel],
    ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == len(rows)
    assert Counter(touch[0] for touch in found.values()) == Counter(touch[0] for touch in expected.values())
    assert found == expected


@pytest.mark.parametrize("touchpoint", LINKS)
def test_links_started_and_ended(touchpoint: str, files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    who, links = LINKS[touchpoint]
    expected = links(files)
    rows = release.execute(
        f"select {who}, coalesce(holder_id, ''), started_at, ended_by, ended_at from records.link where touchpoint = ?",
        [touchpoint],
    ).fetchall()
    found = {row[:3]: row[3:] if row[4] else None for row in rows}
    assert len(found) == len(rows) == len(expected)
    assert sum(end is not None for end in found.values()) == sum(end is not None for end in expected.values())
    assert found == expected
    assert all((row[4] is None) == (row[3] is None) and (row[4] is None or row[2] <= row[4]) for row in rows)


def test_no_link_but_these(release: duckdb.DuckDBPyConnection) -> None:
    assert {row[0] for row in release.execute("select distinct touchpoint from records.link").fetchall()} == set(LINKS)


def test_deals_to_the_cent(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    expected = files.deals()
    rows = release.execute(
        "select channel, record_id, kind, deal_id, amount, occurred_at, campaign_id, closed_at, status"
        " from records.deal"
    ).fetchall()
    names = ("kind", "deal", "amount", "at", "campaign", "closed", "status")
    found = {row[:2]: dict(zip(names, row[2:], strict=True)) for row in rows}
    assert len(found) == len(rows)
    for kind in ("order", "refund", "opportunity"):
        assert _sum(found, kind) == _sum(expected, kind), kind
    assert found == expected
    foreign = [row for name in ("mall/orders", "crm/opportunities") for row in files.things(name)]
    assert {row["currency"] for row in foreign} >= {"USD"}


def _sum(deals: dict[tuple[str, str], Row], kind: str) -> tuple[int, Decimal]:
    amounts = [deal["amount"] for deal in deals.values() if deal["kind"] == kind]
    return len(amounts), sum(amounts, Decimal(0))


def test_lines_and_opportunities_belong_to_their_own(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """Product, pieces, staff, and the opportunity that an order fulfils."""
    orders = files.orders()
    expected = {
        f"order_items:{row['order_id']}|{row['line_no']}": (
            row["product_id"], int(row["item_count"]), orders[row["order_id"]]["staff_id"], None,
            orders[row["order_id"]]["opportunity_id"],
        )
        for row in files.things("mall/order_items") if row["order_id"] in orders
    } | {
        f"opportunities:{row['opportunity_id']}": (row["product_id"], None, row["owner"], row["sdr"], None)
        for row in files.things("crm/opportunities")
    }  # fmt: skip
    rows = release.execute(
        "select record_id, product_id, item_count, staff_id, sdr_id, opportunity_id from records.deal"
        " where kind <> 'refund' and (kind = 'opportunity' or record_id like 'order_items:%')"
    ).fetchall()
    assert {row[0]: row[1:] for row in rows} == expected


def test_tickets(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    expected = {
        row["ticket_id"]: (
            utc(row["opened_at"]), utc(row["first_reply_at"]), utc(row["resolved_at"]),
            *(int(row[score]) if row[score] else None for score in ("csat", "nps")), row["topic"],
        )
        for row in files.things("after_sales/tickets")
    }  # fmt: skip
    rows = release.execute(
        "select ticket_id, opened_at, first_reply_at, resolved_at, csat, nps, topic from records.ticket"
    ).fetchall()
    assert len(rows) == len(expected)
    assert {row[0]: row[1:] for row in rows} == expected


def test_spend_by_campaign_to_the_cent(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """Of platforms that charge in yuan and in dollars, of other costs, and of what sends cost, rounded by the day."""
    steps = {row["campaign_id"]: row["step"] for row in files.reference("campaigns")}
    expected: Counter[tuple[str | None, str, str]] = Counter()
    for row in files.things("ads/spend"):
        amount = files.yuan(row["cost"], row["currency"], date.fromisoformat(row["day"]))
        expected[row["campaign_id"], steps[row["campaign_id"]], row["day"][:7]] += amount  # type: ignore[assignment]
    for row in files.things("ads/costs"):
        amount = files.yuan(row["amount"], row["currency"], date.fromisoformat(row["day"]))
        step = row["step"] or steps.get(row["campaign_id"], "acquire")
        expected[row["campaign_id"] or None, step, row["day"][:7]] += amount  # type: ignore[assignment]
    sends: dict[tuple[str | None, date], Decimal] = defaultdict(Decimal)
    for row in files.things("outreach/sends"):
        sends[row["campaign_id"] or None, local_day(utc(row["sent_at"]))] += Decimal(row["cost"])
    for (campaign, day), cost in sends.items():
        amount = cost.quantize(Decimal("0.01"), ROUND_HALF_UP)
        expected[campaign, steps.get(campaign, "nurture"), f"{day:%Y-%m}"] += amount  # type: ignore[assignment]
    rows = release.execute(
        "select campaign_id, step, strftime(spend_date, '%Y-%m'), sum(amount) from records.spend"
        " where currency = 'CNY' group by all"
    ).fetchall()
    assert {row[:3]: row[3] for row in rows} == dict(expected)
    assert (
        len(files.things("ads/spend")) + len(files.things("ads/costs")) + len(sends)
        == release.execute("select count(*) from records.spend").fetchall()[0][0]
    )


def test_staff_days(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """The latest answer about a day counts; a day that is nothing but zeros has not been counted yet."""
    counts = ("chat_cnt", "message_cnt", "negative_feedback_cnt", "new_contact_cnt")
    by_day: dict[date, dict[str, tuple[int, ...]]] = defaultdict(dict)
    for row in files.things("wecom/behavior"):
        by_day[local_day(utc(row["stat_time"]))][row["userid"]] = tuple(row[name] for name in counts)
    days = {day: staff for day, staff in by_day.items() if any(any(numbers) for numbers in staff.values())}
    assert 0 < len(days) < len(by_day)
    rows = release.execute(
        "select day, staff_id, chats, messages, deletions, new_contacts from records.staff_day"
    ).fetchall()
    assert len(rows) == sum(len(staff) for staff in days.values())
    assert {(row[0], row[1]): row[2:] for row in rows} == {
        (day, member): numbers for day, staff in days.items() for member, numbers in staff.items()
    }


def test_what_people_deleted_is_what_the_statistics_say(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """WeCom's own count of deletions is the control total of the links that people ended, but for callbacks that were
    lost, when nothing else told of it."""
    counted = release.execute("select sum(deletions) from records.staff_day").fetchall()[0][0]
    ended = release.execute(
        "select count(*) from records.link where touchpoint = 'wecom' and ended_by = 'person'"
    ).fetchall()[0][0]
    assert 0 < 0.8 * float(counted) <= ended <= counted


def test_companies(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    expected = {
        ("crm", f"accounts:{row['account_id']}"): (
            row["account_id"], row["email_domain"], row["industry"], row["company_size"], row["province"],
            row["account_type"], None,
        )
        for row in files.things("crm/accounts")
    } | {
        ("after_sales", f"devices:{row['device_serial']}"): (*(None,) * 6, row["device_serial"])
        for row in files.things("after_sales/devices")
    }  # fmt: skip
    rows = release.execute(
        "select channel, record_id, crm_account_id, email_domain, industry, size, province, account_type,"
        " device_serial from records.company"
    ).fetchall()
    assert len(rows) == len(expected)
    assert {row[:2]: row[2:] for row in rows} == expected
    # One digit of some codes is mistyped as a letter that no code has: those are not taken.
    codes = {row["account_id"]: row["credit_code"] for row in files.things("crm/accounts") if row["credit_code"]}
    taken = release.execute(
        "select crm_account_id, credit_code from records.company where credit_code is not null"
    ).fetchall()
    assert dict(taken) == {account: code for account, code in codes.items() if "I" not in code}
    assert len(taken) < len(codes)


def test_devices(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """Each device, of the company that its row names, and of nobody: only a ticket says who uses it."""
    expected = {
        f"devices:{row['device_serial']}": (
            row["device_serial"], row["product_id"], date.fromisoformat(row["sold_at"]) if row["sold_at"] else None,
            date.fromisoformat(row["warranty_until"]) if row["warranty_until"] else None, utc(row["updated_at"]),
        )
        for row in files.things("after_sales/devices")
    }  # fmt: skip
    rows = release.execute(
        "select record_id, device_serial, product_id, sold_date, warranty_until, observed_at from records.device"
    ).fetchall()
    assert len(rows) == len(expected)
    assert {row[0]: row[1:] for row in rows} == expected
    owners = release.execute(
        "select d.record_id, p.one_id, p.account_id is not null, d.company_name is not null from records.device as d"
        " inner join identity.record_person as p using (channel, record_id)"
    ).fetchall()
    assert {row[0] for row in owners} == expected.keys() and {row[1] for row in owners} == {None}
    assert [row for row in owners if row[2] != row[3]] == [] and {row[2] for row in owners} == {True, False}


def test_decisions_of_stewards(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    def named(kind: str | None, value: str | None) -> str | None:
        return None if kind is None else f"{kind}:{mobile(value) if kind == 'mobile' else value}"

    expected = {
        f"decisions:{row['decision_id']}": (
            row["decision"], utc(row["decided_at"]), row["decided_by"],
            named(row["left_type"], row["left_value"]), named(row["right_type"], row["right_value"]), row["reason"],
        )
        for row in files.things("crm/decisions")
    }  # fmt: skip
    rows = release.execute(
        "select record_id, decision, decided_at, decided_by, left_id, right_id, reason from records.rule"
    ).fetchall()
    assert {row[0]: row[1:] for row in rows} == expected


SHAPES = ("contact", "touch", "link", "deal", "ticket", "spend", "company", "device", "staff_day", "group_day", "rule")


def test_every_record_has_its_exported_row(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """Whatever is told of people and companies comes from a row that the truth knows; nothing is made up."""
    without = []
    for shape in ("contact", "touch", "link", "deal", "ticket", "company", "device"):
        for channel, record in release.execute(f"select channel, record_id from records.{shape}").fetchall():
            if (channel, record.partition("#")[0]) not in files.truth:
                without.append((shape, channel, record))
    assert without == []


def test_every_exported_row_is_a_record(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """Every row of the truth that was delivered is a record of some shape, but for those that tell no fact."""
    records = {
        (channel, record.partition("#")[0])
        for shape in SHAPES
        for channel, record in release.execute(f"select channel, record_id from records.{shape}").fetchall()
    }
    factless = _without_facts(files)
    missing = files.truth.keys() & files.delivered - records
    assert missing - factless == set()
    assert len(factless) > 20
    for shape in ("contact", "touch", "deal", "ticket"):
        rows = release.execute(f"select channel, record_id from records.{shape}").fetchall()
        assert not factless & {(channel, record.partition("#")[0]) for channel, record in rows}, shape


def _without_facts(files: Exported) -> set[tuple[str, str]]:
    """The end of a follow or of a link, a changed remark, an invitation not accepted yet, a message that is still to be
    sent, a line whose order has not come."""
    found = set()
    for row in files.rows("official_account/events"):
        if row["Event"] == "unsubscribe":
            found.add(("official_account", f"events:{row['FromUserName']}|{utc(row['CreateTime'])}|unsubscribe"))
    for row in files.rows("wecom/events"):
        if row["ChangeType"] != "add_external_contact":
            key = (row["ChangeType"], row["UserID"], row["ExternalUserID"], str(utc(row["CreateTime"])))
            found.add(("wecom", f"events:{'|'.join(key)}"))
    for row in files.things("wecom/group_sends"):
        if row["status"] == 0:
            found.add(("wecom", f"group_sends:{row['msgid']}|{row['userid']}|{row['recipient']}"))
    for row in files.things("mall/order_items"):
        if row["order_id"] not in files.orders():
            found.add(("mall", f"order_items:{row['order_id']}|{row['line_no']}"))
    return found


def test_what_came_twice_or_cut_off_counts_once(files: Exported, release: duckdb.DuckDBPyConnection) -> None:
    """The sample has rows, files and messages that came again, and lines that were cut off."""
    for name in ("ads/leads", "crm/activities", "official_account/events", "wecom/events", "wecom/messages"):
        assert len(files.rows(name)) > len(files.things(name)), name
    lines = [line for path in (SAMPLE / "website").glob("*.jsonl") for line in path.read_text("utf-8").split("\n")[:-1]]
    broken = [line for line in lines if not _is_json(line)]
    assert broken
    for shape in SHAPES:
        twice = release.execute(
            f"select channel, record_id from records.{shape} group by all having count(*) > 1"
        ).fetchall()
        assert twice == [], shape


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True
