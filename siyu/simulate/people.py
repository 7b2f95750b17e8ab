"""Companies and people of a world.

Each has a random generator of its own, from seed and number. So a person is the same however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from siyu.simulate.knobs import KINDS
from siyu.simulate.names import (
    FREE_MAIL,
    OUR_DOMAIN,
    REGIONS,
    SCHOOL,
    SURNAMES,
    TRADES,
    company_word,
    credit_code,
    external_userid,
    mobile_number,
    person_name,
    wechat_id,
)
from siyu.simulate.world import DAY, Campaign, World

TITLES = ("采购经理", "设备工程师", "生产总监", "技术员", "总经理", "工艺主管", "采购员", "质量经理")


@dataclass(frozen=True)
class Company:
    """An invented company; `kind` is prospect, partner or competitor."""

    number: int
    kind: str
    word: str
    trade: str
    industry: str
    region: tuple[str, str, str, str]
    domain: str
    switchboard: str
    credit_code: str | None

    @property
    def key(self) -> str:
        """The key of the company in the truth and in the CRM."""
        return f"company-{self.number:06d}"

    @property
    def name(self) -> str:
        """The registered name."""
        return f"{self.region[1]}{self.word}{self.trade}有限公司"


def make_company(world: World, number: int) -> Company:
    """Create company `number` of a world."""
    chance = Random(f"{world.seed} company {number}")
    region, (trade, industry) = chance.choice(REGIONS), chance.choice(TRADES)
    kinds = (world.knobs.partner, world.knobs.competitor)
    drawn = chance.random()
    # Half as many again at the other end: a small world then has a partner of each kind.
    is_partner = drawn < kinds[0] or drawn >= 1 - kinds[0] / 2
    kind = "partner" if is_partner else "competitor" if drawn < sum(kinds) else "prospect"
    code = credit_code(region[2], number) if chance.random() < 0.7 else None
    word = company_word(number, world.companies)
    domain = f"company{number:06d}.com.cn"
    # The mobile numbers of switchboards come after those of people.
    switchboard = mobile_number(2 * world.people + 10**6 + number)
    return Company(number, kind, word, trade, industry, region, domain, switchboard, code)


@dataclass
class Person:
    """An invented person and their state so far. `chance` is their own random generator."""

    world: World
    number: int
    chance: Random
    kind: str
    name: str
    company: Company
    title: str
    mobiles: tuple[str, ...]
    mobile_from: int
    email: str
    campaign: Campaign | None
    first_day: int
    cookies: tuple[str, ...]
    traits: set[str] = field(default_factory=set)
    records: int = 0
    warmth: int = 0
    member_id: str | None = None
    known_cookies: set[str] = field(default_factory=set)
    openid_from: int | None = None
    wecom_from: int | None = None
    contact_id: str | None = None
    contact_from: int = 0
    remark_mobile_from: int | None = None
    has_given_mail: bool = False
    consent: bool = True
    is_careless: bool = False
    told: set[str] = field(default_factory=set)
    mistyped_mail: str | None = None
    remark_name: str | None = None
    streams: dict[str, Random] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the person in the truth."""
        return f"person-{self.number:07d}"

    @cached_property
    def openid(self) -> str:
        """The ID of the person in the Official Account."""
        return wechat_id(self.world.seed, "openid", self.number)

    @cached_property
    def unionid(self) -> str:
        """The ID of the person in all WeChat accounts of the company."""
        return wechat_id(self.world.seed, "unionid", self.number)

    @cached_property
    def external_userid(self) -> str:
        """The ID of the person in WeCom."""
        return external_userid(self.world.seed, self.number)

    @property
    def staff_id(self) -> str:
        """The member of staff who looks after the person."""
        return self.world.salesman(self.number)

    def mobile_at(self, moment: int) -> str:
        """Return the mobile in use at a moment. People with two use both; a reissued one counts from its day on."""
        if "reissued_to" in self.traits and moment < self.mobile_from * DAY:
            return self.mobiles[-1]
        if "reissued_from" in self.traits and moment >= self.mobile_from * DAY:
            return self.mobiles[-1]
        return self.mobiles[0] if len(self.mobiles) == 1 or self.chance.random() < 0.7 else self.mobiles[1]

    def main_mobile(self, moment: int) -> str:
        """Return the mobile that the person gives when asked for one."""
        return self.mobiles[0] if "two_phones" in self.traits else self.mobile_at(moment)

    @property
    def mobiles_of_two(self) -> tuple[str, ...]:
        """Both mobiles if the person uses two at the same time, else ()."""
        return self.mobiles if "two_phones" in self.traits else ()

    def slips(self, knob: str) -> Random | None:
        """Return the random generator for this error if it happens now, and note the trait; else None.

        Each of these knobs has a generator of its own, so that it moves nothing else.
        """
        share: float = getattr(self.world.knobs, knob)
        if not share:
            return None
        chance = self.streams.setdefault(knob, Random(f"{self.world.seed} {knob} {self.number}"))
        if chance.random() >= share:
            return None
        self.traits.add(knob)
        return chance

    def next_number(self) -> str:
        """Return the next record number of this person."""
        self.records += 1
        return f"{self.number:07d}{self.records:03d}"


def make_person(world: World, number: int) -> Person:
    """Create person `number` of a world."""
    chance = Random(f"{world.seed} person {number}")
    knobs = world.knobs
    kind = chance.choices(KINDS, [getattr(knobs, kind) for kind in KINDS])[0]
    company = make_company(world, int(world.companies * chance.random() ** 1.6))
    if company.kind != "prospect" and kind in ("researcher", "buyer", "learner"):
        kind = company.kind
    elif kind in ("partner", "competitor") and company.kind != kind:
        kind = "researcher"
    name, title = person_name(chance), chance.choice(TITLES)
    first_day = chance.randrange(world.days)
    running = [c for c in world.campaigns if c.first_day <= first_day < c.first_day + c.days]
    campaign = chance.choices(running, [c.weight for c in running])[0] if running and chance.random() < 0.8 else None
    free = chance.random() < knobs.free_mail
    host = chance.choice(FREE_MAIL) if free else company.domain
    if kind == "staff":
        host, title = OUR_DOMAIN, "员工"
    elif kind == "learner":
        host, title = SCHOOL, "学生"
    cookies = 1 + (kind not in ("passer_by", "bot") and chance.random() < knobs.second_browser)
    person = Person(
        world=world,
        number=number,
        chance=chance,
        kind=kind,
        name=name,
        company=company,
        title=title,
        mobiles=(mobile_number(number),),
        mobile_from=0,
        email=f"{SURNAMES[name[0]]}.{number:05d}@{host}",
        campaign=campaign,
        first_day=first_day,
        cookies=tuple(f"ck{number:07d}{i}{chance.getrandbits(32):08x}" for i in range(cookies)),
        traits={"free_mail"} if host in FREE_MAIL else set(),
        consent=chance.random() < 0.9,
        is_careless=chance.random() < knobs.careless,
    )
    _share_mobiles(person)
    return person


def _share_mobiles(person: Person) -> None:
    """Let two neighbours share a mobile or pass one on. A generator of the pair decides, so both agree."""
    world, knobs = person.world, person.world.knobs
    pair = Random(f"{world.seed} pair {person.number // 2}")
    drawn, day = pair.random(), pair.randrange(world.days // 3, max(2 * world.days // 3, world.days // 3 + 1))
    is_second = bool(person.number % 2)
    first, own = mobile_number(person.number - is_second), mobile_number(person.number)
    if drawn < knobs.family_phone:
        person.mobiles = (first,)
        person.traits.add("family_phone")
    elif drawn < knobs.family_phone + knobs.reissued:
        # The first person gives up the number some weeks before the second gets it.
        person.mobile_from = day + 20 if is_second else day
        person.mobiles = (first, mobile_number(world.people + person.number))
        person.traits.add("reissued_to" if is_second else "reissued_from")
    elif person.chance.random() < knobs.two_phones:
        person.mobiles = (own, mobile_number(world.people + person.number))
        person.traits.add("two_phones")
