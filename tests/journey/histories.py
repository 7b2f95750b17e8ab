"""Short and nasty histories of people who share nothing, from a seed; and the rule tables they are judged by.

Moments come from a small grid of each person, so that much happens at once, to the microsecond; distances of exactly
7, 14, 30 and 90 days and their neighbours are frequent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from random import Random

from tests.journey.reference import Contact, Deal, Exclusion, Link, Person, Touch

AS_OF = date(2026, 6, 30)
END = datetime(2026, 6, 30, 16)  # of as_of, in Shanghai
CHANNELS = ("crm", "exhibition", "mall", "official_account", "website", "wecom", "wecom_group")
# Distances between the moments of a person, in days: what the rules count in, and one beside it.
STEPS = (0, 0, 0, 1, 1, 2, 3, 6, 7, 8, 13, 14, 15, 28, 29, 30, 30, 31, 60, 89, 90, 90, 90, 91, 100)
# A business day ends at 16:00 UTC; and so does as_of.
HOURS = (
    timedelta(hours=2),
    timedelta(hours=2, microseconds=1),
    timedelta(hours=16) - timedelta(microseconds=1),
    timedelta(hours=16),
)

# Rule tables of the tests: parts of a point, points that cost nothing to lose, and so few halvings that what is gone
# decides.
TABLES = {
    "score_rules": """rule,behaviour,action,content_stage,channel,points,day_cap,why
view,view,,,,2.5,10,general
view_selection,view,,selection,,5,,a stage of content
view_website,view,,,website,4,,a channel
view_selection_mall,view,,selection,mall,6.25,,both
price_view,view,price_view,,,12,,an action
download,download,,,,12,24,general
download_selection,download,,selection,,16,,a stage of content
register,register,,,,20,30,general
register_follow,register,follow,,,5,,an action
attend,attend,,,,15,30,general
attend_exhibition,attend,,,exhibition,20,,a channel
attend_live,attend,live,,,15,,an action
interact,interact,,,,8,24,general
interact_click,interact,click,,,4,,an action
purchase,purchase,,,,30,60,general
service,service,,,,5,90,hardly capped
service_free,service,free,,,0,,worth nothing
""",
    "thresholds.add": """threshold,value,min,max,unit,why
score_halvings,3,1,8,times,gone after 90 days
""",
    "sequence_rules": """sequence,step_no,behaviour,action,within_days,points,name_zh,why
attend_replay,1,attend,live,7,15,直播后看回放,first
attend_replay,2,attend,replay,7,15,直播后看回放,second
attend_replay,2,attend,video_replay,7,15,直播后看回放,or
download_price_inquiry,1,download,,14,25,下载看价询价,first
download_price_inquiry,2,view,price_view,14,25,下载看价询价,second
download_price_inquiry,3,purchase,quote_request,14,25,下载看价询价,third
download_price_inquiry,3,interact,chat,14,25,下载看价询价,or
twice,1,interact,,30,7.5,互动两次,first
twice,2,interact,,30,7.5,互动两次,the same again
""",
    "content": """content_id,content_stage,topic,format,product_id
C-AWARE,awareness,quality,article,
C-AWARE-P,awareness,quality,video,P-2
C-SELECT,selection,price,case,P-1
C-BARE,,price,case,P-1
""",
    "campaigns": """campaign_id,domain,scene,step
K-AD,public,search,acquire
K-OWN,private,article,nurture
""",
    "calls_to_action": """campaign_id,ask_level,action
K-AD,2,live
K-OWN,3,form_submit
K-OWN,4,demo
""",
}

# What some histories must reach, each at least so many of them.
AT_LEAST = 100  # of 10,000 histories
STAGES = ("visitor", "potential", "profiled", "intent", "pending", "won")
DIRECTIONS = ("forward", "back", "re_entry")
REASONS = {
    "visitor": ("touch",),
    "potential": ("follow", "product_views"),
    "profiled": ("download", "register", "attend", "ad_click", "link_wecom", "link_group", "lost", "refunded"),
    "intent": ("behaviours", "sincerity"),
    "pending": ("conversation", "opportunity"),
    "won": ("deal",),
}
PARTS = ("behaviour", "sequence", "call_to_action")

ACTIONS: dict[str, tuple[str | None, ...]] = {
    "view": (None, None, "price_view", "demo", "menu_view"),
    "download": (None, "demo"),
    "register": (None, "follow", "form_submit", "demo"),
    "attend": ("live", "live", "replay", "video_replay", None),
    "interact": ("click", "chat", "price_inquiry", None, "visit", "meeting"),
    "purchase": ("quote_request", "coupon_used", "order", None),
    "service": (None, "free"),
}


@dataclass
class History:
    """A person in the making."""

    key: int
    chance: Random
    moments: list[datetime]
    touches: list[Touch] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    @property
    def mobile(self) -> str:
        return f"+86139{self.key:08d}"

    @property
    def email(self) -> str:
        return f"li{self.key}@firm.cn"

    @property
    def free_email(self) -> str:
        return f"li{self.key}@qq.com"

    def person(self) -> Person:
        return Person(
            tuple(self.touches),
            tuple(self.contacts),
            tuple(self.links),
            tuple(self.deals),
            tuple(self.exclusions),
            frozenset([self.mobile]),
            frozenset([self.email, self.free_email]),
        )

    def when(self) -> datetime:
        return self.chance.choice(self.moments)

    def record_id(self) -> str:
        """In no order of time: what comes first may have any name."""
        return self.ids.pop()

    def touch(self, behaviour: str | None, at: datetime | None = None, **values: str | None) -> None:
        chance = self.chance
        given: dict[str, str | None] = {
            "direction": "inbound",
            "action": chance.choice(ACTIONS[behaviour]) if behaviour else None,
            "content_id": chance.choice((None, None, "C-AWARE", "C-AWARE-P", "C-SELECT", "C-BARE", "C-UNKNOWN")),
            "product_id": chance.choice((None, None, "P-1")),
            "campaign_id": chance.choice((None, None, None, "K-AD", "K-OWN")),
            "outcome": chance.choice((None, None, None, "clicked", "failed")),
            **values,
        }
        channel = chance.choice(CHANNELS)
        self.touches.append(
            Touch(at or self.when(), channel, self.record_id(), behaviour=behaviour, **given)  # type: ignore[arg-type]
        )


def grid(chance: Random) -> list[datetime]:
    """A few moments at distances that matter, some of them counted back from the end of as_of."""
    at = datetime(2025, 12, 1) + timedelta(days=chance.randrange(200))
    if chance.random() < 0.3:
        at = datetime(2026, 6, 30) - timedelta(days=chance.choice((0, 1, 29, 30, 31, 60, 89, 90, 91, 120, 179, 180)))
    found = []
    for _ in range(chance.choice((2, 3, 4, 5, 6, 8, 10))):
        found.append(at + chance.choice(HOURS))
        at += timedelta(days=chance.choice(STEPS) * chance.choice((1, 1, -1)))
    return found


# What may happen.


def browses(history: History) -> None:
    for _ in range(history.chance.randint(1, 5)):
        history.touch("view", campaign_id=history.chance.choice((None, None, None, "K-OWN", "K-AD")))


def looks_at_products(history: History) -> None:
    for _ in range(history.chance.randint(2, 5)):
        history.touch("view", product_id="P-1", campaign_id=None)


def clicks_an_ad(history: History) -> None:
    history.touch("view", campaign_id="K-AD")


def does_something(history: History) -> None:
    for _ in range(history.chance.randint(1, 2)):
        history.touch(history.chance.choice(sorted(ACTIONS)))


def is_logged(history: History) -> None:
    """A touch of which nobody says what it was, beside two behaviours that are dear enough."""
    history.touch(None, action=history.chance.choice((None, "visit")))
    for behaviour in ("purchase", "purchase", "download"):
        history.touch(behaviour, action=None)


def does_one_thing_all_day(history: History) -> None:
    """Up to a cap, and beyond."""
    behaviour, at = history.chance.choice(sorted(ACTIONS)), history.when()
    for number in range(history.chance.randint(2, 5)):
        history.touch(behaviour, at + timedelta(microseconds=history.chance.choice((0, 0, number))))


def is_keen(history: History) -> None:
    """Much at few moments, so that a score comes near 60, on either side or right on it."""
    for behaviour in history.chance.sample(("purchase", "register", "attend", "download", "interact"), 3):
        history.touch(behaviour, campaign_id=history.chance.choice((None, "K-OWN")))
    history.touch("purchase", action=history.chance.choice(("quote_request", "order", None)))


def asks_three_times(history: History) -> None:
    """20 + 30 + 10 are 60, which is not above 60."""
    at = history.when()
    plain = {"content_id": None, "campaign_id": None, "action": None}
    for behaviour in ("register", "purchase", "register"):
        history.touch(behaviour, at, **plain)
    if history.chance.random() < 0.5:
        history.touch("service", **plain)
    history.touch("view", history.chance.choice((at, None)), **plain)


def follows_a_sequence(history: History) -> None:
    """In order mostly, at equal moments often."""
    steps = history.chance.choice(
        (
            (("attend", "live"), ("attend", "replay")),
            (("download", None), ("view", "price_view"), ("purchase", "quote_request")),
            (("download", None), ("view", "price_view"), ("interact", "chat"), ("interact", "chat")),
        )
    )
    moments = sorted(history.when() for _ in steps)
    if history.chance.random() < 0.2:
        history.chance.shuffle(moments)
    for (behaviour, action), at in zip(steps, moments, strict=True):
        history.touch(behaviour, at, action=action)


def is_reached(history: History) -> None:
    """We did it; nobody has acted, though some answered."""
    for _ in range(history.chance.randint(1, 2)):
        history.touch(
            history.chance.choice(("interact", "service")),
            direction="outbound",
            outcome=history.chance.choice(("sent", "failed", "answered", "replied", None)),
            action=history.chance.choice(("call", "visit", "meeting", "quote_request")),
        )


def answers(history: History) -> None:
    history.touch("interact", direction=history.chance.choice(("inbound", "outbound")), outcome="replied")


def links_up(history: History) -> None:
    for _ in range(history.chance.randint(1, 2)):
        touchpoint = history.chance.choice(("official_account", "wecom", "group", "mobile", "mall"))
        channel = {"official_account": "official_account", "group": "wecom_group", "mall": "mall"}.get(
            touchpoint, "wecom"
        )
        history.links.append(Link(history.when(), channel, history.record_id(), touchpoint))


def says_who_they_are(history: History) -> None:
    """In one record or in two, in one version or later, in ways that count and in ways that do not."""
    chance = history.chance
    for _ in range(chance.randint(1, 2)):
        channel, record_id = chance.choice(CHANNELS), history.record_id()
        versions = chance.choice((1, 1, 2, 3))
        for number in range(versions):
            history.contacts.append(
                Contact(
                    history.when(),
                    channel,
                    record_id,
                    full_name=chance.choice((None, "李雷", "李雷")),
                    mobile=chance.choice((None, history.mobile, history.mobile, "+8613700000000", "+8613611111111")),
                    mobile_source=chance.choice((None, "self", "staff_remark")),
                    email=chance.choice((None, None, history.email, history.free_email, "other@firm.cn")),
                    is_current=number == versions - 1,
                )
            )


def is_known(history: History) -> None:
    """Name and number at once."""
    history.contacts.append(Contact(history.when(), "crm", history.record_id(), "韩梅梅", history.mobile))


def opportunity(history: History) -> None:
    chance = history.chance
    status = chance.choice(("open", "won", "lost", "lost", "lost", None))
    opened, closed = sorted((history.when(), history.when()))
    if chance.random() < 0.03:
        opened, closed = closed, opened  # closed before it was opened: a date is wrong
    closed_at = None if chance.random() < (0.8 if status == "open" else 0.1) else closed
    number = history.record_id()
    history.deals.append(Deal(opened, "crm", number, f"O{number}", "opportunity", status, Decimal(100), closed_at))
    if status == "won" and chance.random() < 0.5:
        for _ in range(chance.randint(1, 2)):
            order(history, f"O{number}", is_theirs=chance.random() < 0.7)


def order(history: History, opportunity_id: str | None = None, is_theirs: bool = True) -> None:
    """One line or two, kept or given back in full, in part, too early or too late."""
    chance = history.chance
    number, paid_at = history.record_id(), history.when()
    status = chance.choice(("paid", "shipped", "done", None, "paid", "refunded", "cancelled"))
    amounts = [Decimal(chance.choice(("100", "50", "0.01", "0")))] + [Decimal(50)] * chance.choice((0, 0, 1))
    for amount in amounts:
        line_status = status if chance.random() < 0.8 else chance.choice(("paid", "refunded", "cancelled"))
        at = paid_at if chance.random() < 0.9 else history.when()
        record_id = history.record_id()
        history.deals.append(
            Deal(at, "mall", record_id, f"M{number}", "order", line_status, amount, None, opportunity_id, is_theirs)
        )
    if chance.random() < 0.55:
        total = sum(amounts, Decimal(0))
        cent = Decimal("0.01")
        halves = [amounts[0], total - amounts[0]]
        for back in chance.choice(([total], [total], [total - cent], halves, [total / 2, total / 2 - cent])):
            at = max(paid_at, history.when()) if chance.random() < 0.8 else history.when()
            history.deals.append(
                Deal(
                    at,
                    "mall",
                    history.record_id(),
                    f"M{number}",
                    "refund",
                    None,
                    -back.quantize(cent, ROUND_DOWN),
                    is_theirs=chance.random() < 0.8,
                )
            )


def moves_asleep(history: History) -> None:
    """Something happens to them around the moment at which they fall asleep."""
    chance = history.chance
    last = max((touch.occurred_at for touch in history.touches), default=history.when())
    at = last + timedelta(days=chance.choice((89, 90, 90, 91, 100, 120)))
    if chance.random() < 0.5:
        number = history.record_id()
        history.deals.append(Deal(at, "mall", number, f"M{number}", "order", "paid", Decimal(10)))
    else:
        history.links.append(Link(at, "wecom", history.record_id(), chance.choice(("wecom", "group"))))


def is_excluded(history: History) -> None:
    for _ in range(history.chance.randint(1, 2)):
        chance = history.chance
        begin, end = sorted((history.when(), history.when()))
        kind = chance.choice(("learner", "competitor", "bot", "staff"))
        rule = f"{kind}_{len(history.exclusions)}"
        until = end if chance.random() < 0.5 and begin < end < END else None
        if begin >= END:
            return
        history.exclusions.append(Exclusion(kind, rule, begin, until, chance.random() < 0.25))


def is_a_partner(history: History) -> None:
    begin, end = sorted((history.when(), history.when()))
    until = end if history.chance.random() < 0.7 and begin < end < END else None
    if begin >= END:
        return
    number = len(history.exclusions)
    history.exclusions.append(Exclusion("partner", f"partner_{number}", begin, until, history.chance.random() < 0.2))


# What happens, and of ten thousand people to how many.
HAPPENINGS: tuple[tuple[Callable[[History], None], float], ...] = (
    (browses, 0.35),
    (looks_at_products, 0.2),
    (clicks_an_ad, 0.15),
    (does_something, 0.5),
    (is_logged, 0.1),
    (does_one_thing_all_day, 0.25),
    (is_keen, 0.4),
    (is_keen, 0.2),
    (asks_three_times, 0.15),
    (follows_a_sequence, 0.25),
    (follows_a_sequence, 0.15),
    (is_reached, 0.25),
    (answers, 0.4),
    (links_up, 0.35),
    (says_who_they_are, 0.4),
    (is_known, 0.4),
    (opportunity, 0.4),
    (opportunity, 0.25),
    (order, 0.3),
    (order, 0.2),
    (is_excluded, 0.25),
    (is_a_partner, 0.1),
    (moves_asleep, 0.15),
)


def history_of(key: int, chance: Random) -> Person:
    history = History(key, chance, grid(chance))
    names = [f"{key}-{number:02d}" for number in range(90)]
    chance.shuffle(names)
    history.ids = names
    share = chance.choice((0.5, 1.0, 1.2, 1.6))  # some do little, some much
    if chance.random() < 0.03:
        is_reached(history)  # and nothing else, ever
    else:
        for happening, probability in HAPPENINGS:
            if chance.random() < probability * share:
                happening(history)
    return history.person()


def histories(count: int, seed: int) -> dict[int, Person]:
    """person_key -> person."""
    chance = Random(seed)
    return {key: history_of(key, chance) for key in range(1, count + 1)}
