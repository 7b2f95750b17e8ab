"""Complete lists on some evenings: the followers of the Official Account and the contacts of WeCom."""

from __future__ import annotations

from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.people import Person
from siyu.simulate.typed import remark_name
from siyu.simulate.wechat import WORDS, Link, WeChat
from siyu.simulate.world import DAY

TAGS = ("etSiyuSelection", "etSiyuService", "etSiyuAcademy")


def list_person(person: Person, wechat: WeChat, out: Delivery) -> None:
    """Write the entries of a person to every complete list that contains them."""
    world = person.world
    for day in world.lists:
        evening = (day + 1) * DAY
        if wechat.follows and wechat.follows[0][0] < evening:
            _follower(person, wechat, out, day, evening)
        latest = {link.userid: link for link in wechat.links if link.begun < evening}
        for link in latest.values():
            # People who deleted us stay in our list. People we deleted or transferred do not.
            if link.ended is None or link.ended >= evening or link.ended_by == "person":
                _contact(person, wechat, link, out, day, evening)


def _follower(person: Person, wechat: WeChat, out: Delivery, day: int, evening: int) -> None:
    begun, until = [f for f in wechat.follows if f[0] < evening][-1]
    subscribe = int(until is None or until >= evening)
    record: dict[str, Any] = {"subscribe": subscribe, "openid": person.openid}
    if subscribe:
        is_code = wechat.scene == "ADD_SCENE_QR_CODE"
        record |= {
            "language": "zh_CN", "subscribe_time": person.world.epoch + begun, "unionid": person.unionid,
            "remark": remark_name(person) if person.number % 7 == 0 else "",
            "groupid": 0, "tagid_list": [2] if person.warmth > 3 else [], "subscribe_scene": wechat.scene,
            "qr_scene": 0, "qr_scene_str": wechat.state if is_code and wechat.state else "",
        }  # fmt: skip
    else:
        person.traits.add("subscribe_0")
    file = f"{out.night(day)}official_account/users_{person.world.day_name(day)}.jsonl"
    out.write(file, record)
    out.truth_once("official_account", f"users:{person.openid}|{subscribe}", person)


def _contact(person: Person, wechat: WeChat, link: Link, out: Delivery, day: int, evening: int) -> None:
    world, knobs = person.world, person.world.knobs
    external: dict[str, Any] = {
        "external_userid": person.external_userid, "name": person.name, "type": 1 + person.number % 5 // 4,
        "gender": person.number % 3, "position": person.title if person.number % 2 else "",
    }  # fmt: skip
    if external["type"] == 2 and person.kind not in ("learner", "staff"):
        external |= {"corp_name": person.company.word + person.company.trade, "corp_full_name": person.company.name}
    if wechat.has_unionid:
        external["unionid"] = person.unionid
    follow: dict[str, Any] = {
        "userid": link.userid, "remark": remark_name(person), "createtime": world.epoch + link.begun,
        "description": WORDS[person.number % len(WORDS)], "oper_userid": link.userid,
        "tag_id": [TAGS[person.number % 3]] if person.number % 2 else [],
        "add_way": link.add_way,
    }  # fmt: skip
    if wechat.remark_company is not None and person.kind not in ("learner", "staff"):
        follow["remark_corp_name"] = wechat.remark_company
    if link.state is not None:
        follow["state"] = link.state
    if person.remark_mobile_from is not None and person.remark_mobile_from < evening:
        # Every list has the same number. People with two numbers gave both.
        mobiles = (
            list(person.mobiles) if "two_phones" in person.traits else [person.main_mobile(person.remark_mobile_from)]
        )
        if person.number % 100 < 100 * knobs.phone_in_remark:
            person.traits.add("phone_in_remark")
            follow["remark"] = f"{remark_name(person)} {mobiles[0][:3]}-{mobiles[0][3:7]}-{mobiles[0][7:]}"
        else:
            follow["remark_mobiles"] = mobiles
    if day == world.days - 1 and person.number % 7 == 0:
        _detail(person, external, follow, out, day)
    file = f"{out.night(day)}wecom/contacts_{world.day_name(day)}_{{part}}.json"
    out.element(file, "external_contact_list", {"external_contact": external, "follow_info": follow}, next_cursor="")
    out.truth_once("wecom", f"contacts:{person.external_userid}|{link.userid}", person)


def _detail(person: Person, external: dict[str, Any], follow: dict[str, Any], out: Delivery, day: int) -> None:
    """Write the answer of externalcontact/get, which has the names of tags. Some contacts are queried one by one."""
    tags = [{"group_name": "兴趣", "tag_name": tag[2:], "tag_id": tag, "type": 1} for tag in follow["tag_id"]]
    user = {name: value for name, value in follow.items() if name != "tag_id"} | {"tags": tags}
    answer = {"errcode": 0, "errmsg": "ok", "external_contact": external, "follow_user": [user]}
    out.answer(f"{out.night(day)}wecom/contact_details_{person.world.day_name(day)}_{{part}}.json", answer, 1)
    out.truth_once("wecom", f"contact_details:{external['external_userid']}|{follow['userid']}", person)
