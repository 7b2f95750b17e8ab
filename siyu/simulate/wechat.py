"""Official Account and WeCom: follows and links that begin, end and begin again.

WeChat's servers report them in callbacks, which may be lost or repeated, and in complete lists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.people import Person
from siyu.simulate.typed import written_company
from siyu.simulate.world import DAY, Campaign

SCENES = (
    "ADD_SCENE_SEARCH", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_PROFILE_LINK", "ADD_SCENE_PROFILE_ITEM",
    "ADD_SCENE_PAID", "ADD_SCENE_WECHAT_ADVERTISEMENT", "ADD_SCENE_REPRINT", "ADD_SCENE_LIVESTREAM",
    "ADD_SCENE_CHANNELS", "ADD_SCENE_WXA", "ADD_SCENE_ACCOUNT_MIGRATION", "ADD_SCENE_OTHERS",
)  # fmt: skip
MENU = ("MENU_PRODUCTS", "MENU_SERVICE", "MENU_ACADEMY")
SCANNED, SHARED_CARD, REFERRED, TRANSFERRED = 1, 3, 201, 202
OTHER_WAYS = (0, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 24)
WORDS = ("对接采购事务", "设备选型", "展会认识", "老客户介绍", "")


@dataclass
class Link:
    """The WeCom link between a member of staff and a person. `ended` is None while the link exists."""

    userid: str
    begun: int
    add_way: int
    state: str | None
    ended: int | None = None
    ended_by: str | None = None


@dataclass
class WeChat:
    """What WeChat knows about a person: follows as (from, until), and WeCom links."""

    follows: list[tuple[int, int | None]] = field(default_factory=list)
    scene: str = "ADD_SCENE_OTHERS"
    state: str | None = None
    links: list[Link] = field(default_factory=list)
    has_unionid: bool = True
    remark_company: str | None = None


def code_of(person: Person) -> Campaign | None:
    """Return the campaign whose live code the person scans, or None."""
    return person.campaign if person.campaign is not None and person.campaign.entry != "website" else None


def _callback(person: Person, out: Delivery, channel: str, moment: int, record: dict[str, Any], key: str) -> None:
    """Write a callback of the server. Some are lost, some are sent twice."""
    chance, knobs = person.chance, person.world.knobs
    if moment >= person.world.end:
        return
    if chance.random() < knobs.lost_callback:
        person.traits.add("lost_callback")
        return
    out.jsonl(channel, "events", person, moment, record)
    out.truth(channel, f"events:{key}", person)
    if chance.random() < knobs.repeated_callback:
        person.traits.add("repeated_callback")
        out.jsonl(channel, "events", person, moment, record)


def _message(person: Person, out: Delivery, moment: int, event: str, key: str | None) -> None:
    """Write a callback of the Official Account."""
    second = person.world.epoch + moment
    record: dict[str, Any] = {
        "ToUserName": "gh_siyu", "FromUserName": person.openid, "CreateTime": second, "MsgType": "event",
        "Event": event,
    }  # fmt: skip
    if key is not None:
        record["EventKey"] = key
    if event == "SCAN" or (key or "").startswith("qrscene_"):
        record["Ticket"] = f"gQH{person.number:07d}"
    _callback(
        person, out, "official_account", moment, record, f"{person.openid}|{person.world.text_utc(moment)}|{event}"
    )


def follow(person: Person, wechat: WeChat, out: Delivery, moment: int) -> None:
    """Follow the Official Account, mostly through a live code. Some unfollow, and some of those return."""
    chance, knobs, code = person.chance, person.world.knobs, code_of(person)
    wechat.scene = "ADD_SCENE_QR_CODE" if code else chance.choice(SCENES)
    wechat.state = code.state if code else None
    person.openid_from = person.openid_from or moment
    _message(person, out, moment, "subscribe", f"qrscene_{code.state}" if code else "")
    wechat.follows.append((moment, None))
    person.warmth += 1
    if chance.random() < knobs.unfollow:
        until = moment + chance.randint(1, 40 * DAY)
        if until >= person.world.end:
            return
        person.traits.add("unfollow")
        wechat.follows[-1] = (moment, until)
        _message(person, out, until, "unsubscribe", "")
        again = until + chance.randint(DAY, 30 * DAY)
        if chance.random() < knobs.readd and again < person.world.end:
            person.traits.add("refollow")
            follow(person, wechat, out, again)


def read_account(person: Person, wechat: WeChat, out: Delivery, moment: int) -> None:
    """Use the menu of the Official Account, or scan a code again."""
    chance, code = person.chance, code_of(person)
    for _ in range(chance.randint(1, 3)):
        if any(begun <= moment and (until is None or moment < until) for begun, until in wechat.follows):
            drawn = chance.random()
            if drawn < 0.5:
                _message(person, out, moment, "VIEW", "https://mp.weixin.qq.com/s/siyu")
            elif drawn < 0.8 or code is None:
                _message(person, out, moment, "CLICK", chance.choice(MENU))
            else:
                _message(person, out, moment, "SCAN", code.state)
        moment += chance.randint(20, 4000)
    person.warmth += 1


def add_staff(person: Person, wechat: WeChat, out: Delivery, moment: int, userid: str | None = None) -> Link:
    """Link a person and a member of staff as contacts, and return the link."""
    chance, code = person.chance, code_of(person)
    way, state = (SCANNED, code.state) if code and chance.random() < 0.7 else (chance.choice(OTHER_WAYS), None)
    if person.campaign is not None and person.campaign.campaign_id == "C-REFERRAL" and not wechat.links:
        way, state = chance.choice((SHARED_CARD, REFERRED)), None
    link = Link(userid or person.staff_id, moment, TRANSFERRED if userid else way, None if userid else state)
    if not wechat.links:
        person.wecom_from = moment
        wechat.has_unionid = chance.random() < 0.93
        wechat.remark_company = written_company(person.company, person) if chance.random() < 0.6 else None
    wechat.links.append(link)
    out.staff_days.add(link.userid, moment, adds=1)
    if not userid and chance.random() < 0.03:
        _change(person, out, moment - 60 if moment >= 60 else moment, "add_half_external_contact", link)
    _change(person, out, moment, "add_external_contact", link)
    if chance.random() < 0.1:
        _change(person, out, moment + chance.randint(60, DAY), "edit_external_contact", link)
    wants_remark = chance.random() < (0.55 if wechat.has_unionid else 0.96)
    if wants_remark and person.remark_mobile_from is None:
        person.remark_mobile_from = moment + chance.randint(0, 2 * DAY)
    person.warmth += 2
    _end(person, wechat, out, link)
    return link


def _end(person: Person, wechat: WeChat, out: Delivery, link: Link) -> None:
    """End a link, or leave it open. The person ends it (and stays in our list), or staff end or transfer it."""
    chance, knobs, world = person.chance, person.world.knobs, person.world
    drawn, moment = chance.random(), link.begun + chance.randint(DAY, 60 * DAY)
    if moment >= world.end:
        return
    if drawn < knobs.deletion:
        link.ended, link.ended_by = moment, "person"
        person.traits.add("deletion")
        out.staff_days.add(link.userid, moment, deletions=1)
        _change(person, out, moment, "del_follow_user", link)
        again = moment + chance.randint(DAY, 30 * DAY)
        if chance.random() < knobs.readd and again < world.end:
            person.traits.add("readd")
            readd = add_staff(person, wechat, out, again, link.userid)
            readd.add_way, readd.state = link.add_way, link.state
    elif drawn < knobs.deletion + knobs.staff_deletion:
        link.ended, link.ended_by = moment, "staff"
        person.traits.add("staff_deletion")
        _change(person, out, moment, "del_external_contact", link)
    elif drawn < knobs.deletion + knobs.staff_deletion + knobs.transfer:
        heir = world.salesman(person.number + 1)
        person.traits.add("transfer")
        if heir == link.userid or chance.random() < 0.4:
            reason = ("customer_refused", "customer_limit_exceed")[person.records % 2]
            _change(person, out, moment, "transfer_fail", link, FailReason=reason)
            return
        link.ended, link.ended_by = moment, "transfer"
        _change(person, out, moment, "del_external_contact", link, Source="DELETE_BY_TRANSFER")
        add_staff(person, wechat, out, moment, heir)


def _change(person: Person, out: Delivery, moment: int, change: str, link: Link, **more: str) -> None:
    """Write a change_external_contact callback."""
    world = person.world
    record: dict[str, Any] = {
        "ToUserName": "ww_siyu", "FromUserName": "sys", "CreateTime": world.epoch + moment, "MsgType": "event",
        "Event": "change_external_contact", "ChangeType": change, "UserID": link.userid,
        "ExternalUserID": person.external_userid, **more,
    }  # fmt: skip
    if change.startswith("add") and link.state is not None:
        record["State"] = link.state
    key = f"{change}|{link.userid}|{person.external_userid}|{world.text_utc(moment)}"
    _callback(person, out, "wecom", moment, record, key)


def chat(person: Person, wechat: WeChat, out: Delivery, moment: int) -> None:
    """Write a day's chat with a member of staff, with the counts of the message archive."""
    chance, world = person.chance, person.world
    link = current_link(wechat, moment)
    if link is None:
        return
    sent, received = chance.randint(1, 6), chance.choice((0, 1, 2, 4))
    day = moment // DAY
    if not out.truth_once("wecom", f"messages:{world.dates[day]}|{link.userid}|{person.external_userid}", person):
        return
    out.row("wecom", "messages", person, moment, {
        "day": world.dates[day], "userid": link.userid, "external_userid": person.external_userid,
        "sent_cnt": sent, "received_cnt": received,
    })  # fmt: skip
    out.staff_days.add(link.userid, moment, chats=1, messages=sent, replied=int(received > 0))
    person.warmth += 1 if received else 0


def current_link(wechat: WeChat, moment: int) -> Link | None:
    """Return the latest link that exists at a moment, or None."""
    standing = [k for k in wechat.links if k.begun <= moment and (k.ended is None or moment < k.ended)]
    return standing[-1] if standing else None
