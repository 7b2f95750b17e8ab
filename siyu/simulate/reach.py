"""Our outreach: newsletters, mass messages, calls, advertisements."""

from __future__ import annotations

from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery, csv_text
from siyu.simulate.groups import Group
from siyu.simulate.people import Person
from siyu.simulate.reference import CONTENT
from siyu.simulate.typed import typed_company, typed_mobile, typed_name
from siyu.simulate.wechat import WeChat, current_link
from siyu.simulate.world import DAY, World

PLATFORMS = ("baidu", "wechat_ads", "douyin", "zhihu")
COST = {"email": "0.0050", "sms": "0.0450", "call": "1.2000", "moments": "0.0000", "one_to_one": "0.0000",
        "group": "0.0000"}  # fmt: skip
TEN = 10 * 3600


def see_ad(person: Person, out: Delivery, moment: int) -> None:
    """Count the ad click that brought a person, and perhaps write the lead form of the platform."""
    campaign = person.campaign
    if campaign is None or campaign.domain != "public" or campaign.entry not in ("website", "ad_lead"):
        return
    chance, world = person.chance, person.world
    platform = "baidu" if campaign.entry == "website" else chance.choice(PLATFORMS[1:])
    out.clicks[moment // DAY, platform, campaign.campaign_id] += 1
    if campaign.entry == "ad_lead":
        lead_id = f"Z{person.next_number()}"
        out.row("ads", "leads", person, moment, {
            "lead_id": lead_id, "platform": chance.choice(PLATFORMS) if chance.random() < 0.3 else platform,
            "campaign_id": campaign.campaign_id, "name": typed_name(person), "mobile": typed_mobile(person, moment),
            "company": typed_company(person), "submitted_at": world.text(moment),
        })  # fmt: skip
        out.truth("ads", f"leads:{lead_id}", person)


def write_spend(world: World, out: Delivery) -> None:
    """Write the cost of clicks, a line per day, platform and campaign. One platform charges in dollars."""
    chance = Random(f"{world.seed} spend")
    pairs = [("baidu", "C-SEARCH"), *((platform, "C-WECHAT-ADS") for platform in PLATFORMS[1:])]
    for day in range(world.days):
        night = out.night(day)
        stamp = world.day_name(day if night else max(world.days - 1 - world.nights, 0))
        for platform, campaign in pairs:
            clicks = out.clicks[day, platform, campaign] * 3 + chance.randint(0, 9)
            row = {"day": world.dates[day], "platform": platform, "campaign_id": campaign,
                   "impressions": clicks * chance.randint(20, 60), "clicks": clicks,
                   "cost": f"{clicks * chance.randint(150, 900) / 100:.2f}",
                   "currency": "USD" if platform == "douyin" else chance.choice(("CNY", None))}  # fmt: skip
            out.line(f"{night}ads/spend_{stamp}.csv", csv_text(row.values()), csv_text(row))


def send_all(person: Person, wechat: WeChat, out: Delivery) -> None:
    """Write what we send to a person we know, month by month."""
    chance, world = person.chance, person.world
    for number, day in enumerate(world.sends):
        if person.contact_id is not None and person.consent and chance.random() < 0.6:
            medium = chance.choice(("email", "email", "sms", "call") if person.has_given_mail else ("sms", "call"))
            value = (person.mistyped_mail or person.email) if medium == "email" else person.main_mobile(day * DAY)
            _send(person, out, medium, "email" if medium == "email" else "mobile", value, day * DAY + TEN)
        link = current_link(wechat, day * DAY + TEN)
        _mass_message(person, wechat, out, number, day)
        if link is not None and chance.random() < 0.25:
            medium = chance.choice(("moments", "one_to_one"))
            by_unionid = wechat.has_unionid and chance.random() < 0.3
            kind, value = ("unionid", person.unionid) if by_unionid else ("external_userid", person.external_userid)
            _send(person, out, medium, kind, value, day * DAY + TEN + 3600)
        if person.openid_from is not None and person.openid_from < day * DAY and chance.random() < 0.15:
            _send(person, out, "one_to_one", "openid", person.openid, day * DAY + TEN + 7200)


def _send(person: Person, out: Delivery, medium: str, kind: str, recipient: str, moment: int) -> None:
    """Write one send and its progress. It is exported again at each step: opened, clicked, replied."""
    chance, world = person.chance, person.world
    send_id = f"Y{person.next_number()}"
    record: dict[str, Any] = {
        "send_id": send_id, "medium": medium, "recipient_type": kind, "recipient": recipient,
        "campaign_id": person.campaign.campaign_id if person.campaign else None,
        "content_id": CONTENT[person.warmth % len(CONTENT)][0], "staff_id": person.staff_id,
        "sent_at": world.text(moment), "delivered_at": None, "opened_at": None, "clicked_at": None,
        "replied_at": None, "failed_reason": None, "cost": COST[medium], "updated_at": world.text(moment),
    }  # fmt: skip
    if chance.random() < 0.06:
        record["failed_reason"] = chance.choice(("unsubscribed", "unreachable"))
    else:
        record["delivered_at"] = world.text(moment + 30)
    out.row("outreach", "sends", person, moment, record)
    out.truth("outreach", f"sends:{send_id}", person)
    warmth = min(person.warmth, 8)
    for name, odds in (("opened_at", 0.2 + 0.05 * warmth), ("clicked_at", 0.1 + 0.04 * warmth), ("replied_at", 0.15)):
        moment += chance.randint(60, 30000)
        if record["failed_reason"] is not None or chance.random() > odds or moment >= world.end:
            return
        record |= {name: world.text(moment), "updated_at": world.text(moment)}
        out.row("outreach", "sends", person, moment, record)


def _mass_message(person: Person, wechat: WeChat, out: Delivery, number: int, day: int) -> None:
    """Write the mass message of staff to this person. It does not reach a person who deleted us (status 2)."""
    chance, world = person.chance, person.world
    moment = day * DAY + TEN + 1800
    latest = {link.userid: link for link in wechat.links if link.begun < moment}
    for link in latest.values():
        if link.ended is not None and link.ended < moment and link.ended_by != "person":
            continue
        drawn = chance.random()
        is_friend = link.ended is None or link.ended >= moment
        status = 2 if not is_friend else 1 if drawn < 0.9 else 0 if drawn < 0.95 else 3
        record: dict[str, Any] = {"external_userid": person.external_userid, "userid": link.userid, "status": status}
        if status == 1:
            record["send_time"] = world.epoch + moment + person.number % 600
        msgid = f"msgSiyu{number:03d}"
        file = f"{out.night(day)}wecom/group_sends_{msgid}_{world.day_name(day)}_{{part}}.json"
        out.element(file, "send_list", record, next_cursor="")
        out.truth("wecom", f"group_sends:{msgid}|{link.userid}|{person.external_userid}", person)


def send_to_groups(world: World, groups: list[Group], out: Delivery) -> None:
    """Write a message to each group. The API reports the ID of the chat, not of a person."""
    for number, day in enumerate(world.sends):
        moment = day * DAY + TEN + 5400
        for group in groups:
            if group.begun < moment and (group.dissolved is None or moment < group.dissolved):
                msgid = f"msgGroup{number:03d}"
                file = f"{out.night(day)}wecom/group_sends_{msgid}_{world.day_name(day)}_{{part}}.json"
                record = {"chat_id": group.chat_id, "userid": group.owner, "status": 1,
                          "send_time": world.epoch + moment}  # fmt: skip
                out.element(file, "send_list", record, next_cursor="")
                out.line("truth/person.csv", f"wecom,group_sends:{msgid}|{group.owner}|{group.chat_id},,")
                _group_send(world, group, out, number, moment)


def _group_send(world: World, group: Group, out: Delivery, number: int, moment: int) -> None:
    file = out.place("outreach", "sends", moment // DAY, "csv")
    if file is None:
        return
    send_id = f"Y-{group.chat_id}-{number}"
    record = {
        "send_id": send_id, "medium": "group", "recipient_type": "chat_id", "recipient": group.chat_id,
        "campaign_id": "C-SERVICE", "content_id": CONTENT[number % len(CONTENT)][0], "staff_id": group.owner,
        "sent_at": world.text(moment), "delivered_at": world.text(moment), "opened_at": None, "clicked_at": None,
        "replied_at": None, "failed_reason": None, "cost": COST["group"], "updated_at": world.text(moment),
    }  # fmt: skip
    out.line(file, csv_text(record.values()), csv_text(record))
    out.line("truth/person.csv", f"outreach,sends:{send_id},,")
