"""Second accounts: people who lost their login and sign up again, so that no identifier tells that they are one."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from siyu.simulate.delivery import Delivery
from siyu.simulate.mall import place_order
from siyu.simulate.names import FREE_MAIL, SCHOOL, SURNAMES, mobile_number
from siyu.simulate.people import Person
from siyu.simulate.service import open_ticket
from siyu.simulate.website import event
from siyu.simulate.world import DAY, PRODUCTS

APART = 14  # days between the first visit of a person and the second account, if the world is long enough


def sign_up_again(person: Person, out: Delivery) -> None:
    """Let some people with a login sign up again under the same name and company. Buyers use the new login.

    This comes at the end of a life, with generators of its own, so that it moves nothing else.
    """
    world = person.world
    if person.member_id is None or person.kind == "staff" or "careless" in person.traits:
        return
    chance = person.slips("lost_login")
    if chance is None:
        return
    again = _again(person, chance)
    days = [day for day in range(world.days) if abs(day - person.first_day) >= APART] or list(range(world.days))
    moment = chance.choice(days) * DAY + chance.randint(9 * 3600, 20 * 3600)
    for name in ("page_view",) * chance.randint(1, 3):
        event(again, out, name, moment, again.cookies[0], chance.choice(PRODUCTS))
        moment += chance.randint(5, 300)
    event(again, out, "form_submit", moment, again.cookies[0], chance.choice(PRODUCTS), again.mobiles[0])
    if person.kind in ("buyer", "partner"):
        if chance.random() < 0.5:
            place_order(again, out, moment + chance.randint(1, 20) * DAY, knows_wechat=False)
        if chance.random() < 0.2:
            open_ticket(again, out, moment + chance.randint(20, 40) * DAY, None)


def _again(person: Person, chance: Random) -> Person:
    """Return the person with another login, mobile, mail and browser. The traits are those of the person.

    Nothing that people share is typed: the switchboard or the info@ mailbox could join the two accounts.
    """
    world, number = person.world, person.world.people + person.number
    # These mobiles come after those of switchboards.
    mobile = mobile_number(3 * world.people + 2 * 10**6 + person.number)
    free, own = chance.choice(FREE_MAIL), SCHOOL if person.kind == "learner" else person.company.domain
    email = f"{SURNAMES[person.name[0]]}.{mobile[-6:]}@{own}"
    if chance.random() < world.knobs.free_mail:
        email = f"{mobile}@{free}"
    return replace(
        person,
        world=replace(world, knobs=replace(world.knobs, switchboard=0.0, info_mailbox=0.0)),
        chance=Random(f"{world.seed} second account {person.number}"),
        mobiles=(mobile,),
        email=email,
        campaign=None,
        cookies=(f"ck{number:07d}9{chance.getrandbits(32):08x}",),
        member_id=f"m{number:07d}",
        known_cookies=set(),
        openid_from=None,
        wecom_from=None,
        contact_id=None,
        remark_mobile_from=None,
        mistyped_mail=None,
    )
