"""WeCom groups. A block of people shares its groups, so a group is complete when its block is."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.people import Person
from siyu.simulate.wechat import WeChat, code_of, current_link
from siyu.simulate.world import DAY, PEOPLE_A_GROUP_BLOCK, World

GROUP_KINDS = ("service", "topic", "flash", "deal")
KIND_NAMES = {"service": "售后服务群", "topic": "技术交流群", "flash": "限时活动群", "deal": "项目对接群"}
ORIGINS = (1, 2, 3)


@dataclass
class Membership:
    """A person in a group."""

    member: dict[str, Any]
    joined: int
    left: int | None
    person: Person | None


@dataclass
class Group:
    """A group, with everybody who was ever a member."""

    chat_id: str
    kind: str
    owner: str
    begun: int
    dissolved: int | None
    members: list[Membership] = field(default_factory=list)


def make_groups(world: World, block: int) -> list[Group]:
    """Create the groups of a block of people, one of each kind."""
    chance = Random(f"{world.seed} groups {block}")
    groups = []
    for kind in GROUP_KINDS:
        begun = chance.randrange(max(world.days // 3, 1)) * DAY + 9 * 3600
        ends = kind == "flash" or chance.random() < world.knobs.dissolved_group
        dissolved = begun + chance.randint(40, 100) * DAY if ends else None
        if dissolved is not None and dissolved >= world.end:
            dissolved = None
        owner = world.salesman(block)
        group = Group(f"wr{block:06d}{kind}Siyu", kind, owner, begun, dissolved)
        for staff in dict.fromkeys((owner, world.salesman(block + 1))):
            info = {"userid": staff, "type": 1, "join_time": world.epoch + begun, "join_scene": 1, "name": staff}
            group.members.append(Membership(info, begun, None, None))
        groups.append(group)
    return groups


def join_group(person: Person, wechat: WeChat, groups: list[Group], moment: int) -> Group | None:
    """Join a random group, unless it is not open or the person is a member already. Some people leave again."""
    chance, world = person.chance, person.world
    group = chance.choice(groups)
    standing = group.begun < moment and (group.dissolved is None or moment < group.dissolved)
    if not standing or any(m.person is person for m in group.members):
        return None
    link, code = current_link(wechat, moment), code_of(person)
    info: dict[str, Any] = {"userid": person.external_userid, "type": 2, "join_time": world.epoch + moment,
                            "join_scene": chance.choice(ORIGINS)}  # fmt: skip
    if wechat.has_unionid or not wechat.links:
        info["unionid"] = person.unionid
    if code is not None and info["join_scene"] == 3:
        info["state"] = code.state
    if link is not None and info["join_scene"] == 1:
        info["invitor"] = {"userid": link.userid}
    others = [m.member["userid"] for m in group.members if m.person is not None]
    if others and info["join_scene"] == 2:
        info["invitor"] = {"userid": others[-1]}
        person.traits.add("referred")
    info |= {"group_nickname": person.name[-1], "name": person.name}
    left = None
    if chance.random() < world.knobs.leave_group:
        left = moment + chance.randint(2, 60) * DAY
        person.traits.add("leave_group")
    group.members.append(Membership(info, moment, left, person))
    person.warmth += 1
    return group


def talk(person: Person, group: Group, out: Delivery, moment: int) -> None:
    """Write messages of a person in a group."""
    chance, world = person.chance, person.world
    for _ in range(chance.randint(0, 3)):
        moment += chance.randint(1, 20) * DAY
        seat = next(m for m in group.members if m.person is person)
        until = min(seat.left or world.end, group.dissolved or world.end)
        if moment >= until:
            return
        day = world.dates[moment // DAY]
        key = f"{day}|{group.chat_id}|{person.external_userid}"
        if not out.truth_once("wecom_group", f"group_messages:{key}", person):
            continue
        out.row("wecom_group", "group_messages", person, moment, {
            "day": day, "chat_id": group.chat_id, "member": person.external_userid,
            "message_cnt": chance.randint(1, 9),
        })  # fmt: skip


def list_groups(world: World, groups: list[Group], out: Delivery) -> None:
    """Write the groups of a block of people to each complete list. Former members and dissolved groups are left out."""
    for day in world.lists:
        evening = (day + 1) * DAY
        for group in groups:
            if group.begun >= evening or (group.dissolved is not None and group.dissolved < evening):
                continue
            present = [m for m in group.members if m.joined < evening and (m.left is None or m.left >= evening)]
            chat = {"chat_id": group.chat_id, "name": KIND_NAMES[group.kind], "owner": group.owner,
                    "create_time": world.epoch + group.begun, "notice": "文明沟通",
                    "member_list": [m.member for m in present], "admin_list": [{"userid": group.owner}]}  # fmt: skip
            file = f"{out.night(day)}wecom_group/groups_{world.day_name(day)}_{{part}}.json"
            out.answer(file, {"errcode": 0, "errmsg": "ok", "group_chat": chat}, len(present))
            for member in present:
                if member.person is not None:
                    key = f"groups:{group.chat_id}|{member.person.external_userid}"
                    out.truth_once("wecom_group", key, member.person)


def staff_talk(world: World, groups: list[Group], out: Delivery, chance: Random) -> None:
    """Write the posts of our own staff, which are not touches of a person."""
    for group in groups:
        for day in range(group.begun // DAY + 1, world.days, 9):
            if group.dissolved is not None and day * DAY >= group.dissolved:
                break
            file = out.place("wecom_group", "group_messages", day, "csv")
            if file is not None and chance.random() < 0.5:
                count = chance.randint(1, 5)
                out.line(file, f"{world.dates[day]},{group.chat_id},{group.owner},{count}",
                         "day,chat_id,member,message_cnt")  # fmt: skip


def block_of(number: int) -> int:
    """Return the block of people that person `number` shares groups with."""
    return number // PEOPLE_A_GROUP_BLOCK
