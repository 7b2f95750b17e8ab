"""The life of a person: a campaign brings them, content and events warm them up, and those with a need buy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from siyu.simulate.crm import enter_crm, open_opportunity, talk_to
from siyu.simulate.delivery import Delivery
from siyu.simulate.gatherings import attend_show, fair_at, show_after, take_course, visit_fair, watch_replay
from siyu.simulate.groups import Group, join_group, talk
from siyu.simulate.lists import list_person
from siyu.simulate.mall import give_coupon, place_order
from siyu.simulate.people import Person
from siyu.simulate.reach import see_ad, send_all
from siyu.simulate.second_account import sign_up_again
from siyu.simulate.service import deliver_device, open_ticket
from siyu.simulate.website import ask_price, make_known, visit_website
from siyu.simulate.wechat import WeChat, add_staff, chat, follow, read_account
from siyu.simulate.world import DAY, PRODUCTS

# kind -> (fewest, most) steps of a life; kind -> how likely each action is in a step
STEPS = {"researcher": (3, 7), "buyer": (6, 13), "learner": (3, 6), "competitor": (3, 6), "partner": (5, 9)}
WEIGHTS: dict[str, dict[str, int]] = {
    "researcher": {"visit": 44, "follow": 10, "read": 8, "show": 10, "fair": 6, "course": 5, "wecom": 10, "group": 7},
    "buyer": {"visit": 30, "follow": 8, "read": 6, "show": 9, "fair": 8, "course": 5, "wecom": 14, "group": 7,
              "sale": 24, "order": 16, "ticket": 7},
    "learner": {"visit": 25, "follow": 8, "read": 8, "show": 20, "course": 30, "group": 9},
    "competitor": {"visit": 60, "follow": 10, "show": 15, "wecom": 10, "fair": 5},
    "partner": {"visit": 20, "course": 25, "show": 10, "wecom": 15, "group": 10, "order": 25, "ticket": 5, "sale": 5},
}  # fmt: skip
WARM = {"sale", "order", "ticket", "group"}  # actions that need some warmth


@dataclass
class Life:
    """The state of a person during the simulation."""

    person: Person
    wechat: WeChat
    groups: list[Group]
    out: Delivery
    moment: int
    serial: str | None = None

    @property
    def knows_wechat(self) -> bool:
        """Whether WeChat's servers tell us the unionid of the person."""
        return bool(self.wechat.follows) or (bool(self.wechat.links) and self.wechat.has_unionid)


def live(person: Person, groups: list[Group], out: Delivery) -> None:
    """Simulate the whole life of one person and write it."""
    chance, world = person.chance, person.world
    life = Life(person, WeChat(), groups, out, person.first_day * DAY + chance.randint(8 * 3600, 20 * 3600))
    if person.kind == "bot":
        _crawl(life)
    elif person.kind in ("passer_by", "staff"):
        _pass_by(life)
    else:
        _arrive(life)
        for _ in range(chance.randint(*STEPS[person.kind])):
            life.moment += chance.randint(0, 9) * DAY + chance.randint(600, 20_000)
            if life.moment >= world.end:
                break
            _step(life)
        _settle(life)
    send_all(person, life.wechat, out)
    list_person(person, life.wechat, out)
    ask_price(person, out, min(life.moment, world.end - 1))
    sign_up_again(person, out)
    person.told.clear()


def _crawl(life: Life) -> None:
    for _ in range(life.person.chance.randint(4, 8)):
        visit_website(life.person, life.out, life.moment)
        life.moment += 40


def _pass_by(life: Life) -> None:
    """Visit one channel once or twice. Our own staff come up to three times."""
    person, chance = life.person, life.person.chance
    see_ad(person, life.out, life.moment)
    if person.kind == "passer_by" and chance.random() < 0.25:
        follow(person, life.wechat, life.out, life.moment)
        read_account(person, life.wechat, life.out, life.moment + 60)
        return
    for _ in range(1 if person.kind == "passer_by" else 3):
        visit_website(person, life.out, life.moment)
        life.moment += chance.randint(1, 12) * DAY
        if life.moment >= person.world.end or chance.random() < 0.6:
            return


def _arrive(life: Life) -> None:
    """Arrive through the entry of the campaign, or through the website if there is no campaign."""
    person, out, moment = life.person, life.out, life.moment
    see_ad(person, out, moment)
    entry = person.campaign.entry if person.campaign is not None else "website"
    if entry == "exhibition" and person.campaign is not None:
        visit_fair(person, out, person.campaign, person.first_day)
    elif entry == "webinar":
        _show(life)
    elif entry == "follow":
        _follow(life)
    elif entry == "wecom":
        _wecom(life)
    elif entry == "course":
        take_course(person, out, moment)
    else:
        visit_website(person, out, moment)


def _step(life: Life) -> None:
    person = life.person
    weights = WEIGHTS[person.kind]
    names = [name for name in weights if name not in WARM or person.warmth >= 3]
    drawn = person.chance.choices(names, [weights[name] for name in names])[0]
    ACTIONS[drawn](life)


def _visit(life: Life) -> None:
    visit_website(life.person, life.out, life.moment)


def _follow(life: Life) -> None:
    if life.wechat.follows:
        _read(life)
    else:
        follow(life.person, life.wechat, life.out, life.moment)


def _read(life: Life) -> None:
    if life.wechat.follows:
        read_account(life.person, life.wechat, life.out, life.moment)
    else:
        _visit(life)


def _show(life: Life) -> None:
    campaign = show_after(life.person, life.moment // DAY)
    if campaign is not None:
        attend_show(life.person, life.out, campaign, life.moment, knows_wechat=life.knows_wechat)


def _fair(life: Life) -> None:
    for day in range(life.moment // DAY, min(life.moment // DAY + 20, life.person.world.days)):
        campaign = fair_at(life.person, day)
        if campaign is not None:
            visit_fair(life.person, life.out, campaign, day)
            life.moment = (day + 1) * DAY
            return
    _visit(life)


def _course(life: Life) -> None:
    take_course(life.person, life.out, life.moment)


def _wecom(life: Life) -> None:
    if life.wechat.links:
        chat(life.person, life.wechat, life.out, life.moment)
        return
    add_staff(life.person, life.wechat, life.out, life.moment)
    if life.person.chance.random() < 0.6:
        enter_crm(life.person, life.out, life.moment + life.person.chance.randint(2, 60) * 3600)


def _group(life: Life) -> None:
    group = join_group(life.person, life.wechat, life.groups, life.moment)
    if group is not None:
        talk(life.person, group, life.out, life.moment)


def _sale(life: Life) -> None:
    """Enter the CRM and get calls. Those with a need get an offer; most wins are ordered in the mall."""
    person, out = life.person, life.out
    enter_crm(person, out, life.moment)
    life.moment = talk_to(person, out, max(life.moment, person.contact_from) + 3600)
    if person.kind != "buyer" or person.warmth < 4:
        return
    opportunity_id, won, life.moment = open_opportunity(person, out, life.moment)
    if won is None:
        life.moment = talk_to(person, out, life.moment, opportunity_id)
        return
    if person.chance.random() < 0.6:
        place_order(person, out, won.moment + person.chance.randint(1, 6) * DAY, life.knows_wechat, won)
    life.serial = deliver_device(person, out, won.moment, won.product_id)


def _order(life: Life) -> None:
    person, out = life.person, life.out
    if person.chance.random() < 0.3:
        life.serial = deliver_device(person, out, life.moment, person.chance.choice(PRODUCTS)) or life.serial
    order_id = place_order(person, out, life.moment, life.knows_wechat)
    if person.chance.random() < 0.5:
        begun = max(life.moment - person.chance.randint(1, 10) * DAY, 0)
        give_coupon(person, out, begun, order_id if person.chance.random() < 0.6 else None, life.moment)


def _ticket(life: Life) -> None:
    open_ticket(life.person, life.out, life.moment, life.serial)


ACTIONS: dict[str, Callable[[Life], None]] = {
    "visit": _visit, "follow": _follow, "read": _read, "show": _show, "fair": _fair, "course": _course,
    "wecom": _wecom, "group": _group, "sale": _sale, "order": _order, "ticket": _ticket,
}  # fmt: skip


def _settle(life: Life) -> None:
    """Let most people identify themselves clearly at last: on the website, to their WeCom contact, at a live show."""
    person, out = life.person, life.out
    if person.is_careless:
        person.traits.add("careless")
        return
    last = min(life.moment, person.world.end - 3600)
    make_known(person, out, last)
    if life.wechat.links and person.remark_mobile_from is None:
        person.remark_mobile_from = last
    if life.wechat.follows:
        watch_replay(person, out, last)
