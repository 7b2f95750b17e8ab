"""Website events: visits, forms, logins."""

from __future__ import annotations

from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery, json_text
from siyu.simulate.people import Person
from siyu.simulate.reference import CONTENT, content_for
from siyu.simulate.typed import typed_company, typed_email, typed_mobile, typed_name
from siyu.simulate.world import DAY, PRODUCTS

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) MicroMessenger/8.0",
)
BOT_AGENT = "Mozilla/5.0 (compatible; PriceSpider/2.1)"
REFERRERS = ("https://www.baidu.com/", "https://www.zhihu.com/", "https://mp.weixin.qq.com/", None)
# event -> probability per visit for each point of warmth
EXTRAS = {"download": 0.04, "video_play": 0.04, "search": 0.05, "video_replay": 0.02, "chat": 0.02}
FREE_EXTRAS = {"download": 0.3, "video_play": 0.3, "video_replay": 0.2, "search": 0.1}
MAX_ODDS = 0.3


def visit_website(person: Person, out: Delivery, moment: int) -> None:
    """Write one visit. A person who returns with a new browser mostly identifies themselves."""
    chance = person.chance
    cookie = person.cookies[0] if person.warmth < 2 else chance.choice(person.cookies)
    product = chance.choice(PRODUCTS)
    names = ["page_view"] * chance.randint(1, 3)
    if person.kind == "competitor":
        names += ["price_view"] * chance.randint(1, 3) + ["download"] * chance.randint(0, 1)
    elif person.kind == "learner":
        names += [name for name, odds in FREE_EXTRAS.items() if chance.random() < odds]
    elif person.kind in ("researcher", "buyer", "partner"):
        names += [name for name, odds in EXTRAS.items() if chance.random() < min(odds * person.warmth, MAX_ODDS)]
        if person.kind == "buyer" and chance.random() < 0.12 * person.warmth:
            names.append("price_view")
    if cookie not in person.known_cookies and person.warmth >= 1 and person.kind not in ("passer_by", "bot"):
        names.append(_identifying_event(person))
        person.known_cookies.add(cookie)
    for name in names:
        event(person, out, name, moment, cookie, product)
        moment += chance.randint(5, 300)
    person.warmth += 1


def _identifying_event(person: Person) -> str:
    """Return form_submit the first time. Later it is mostly login, which identifies another browser."""
    if person.member_id is None:
        person.member_id = f"m{person.number:07d}"
        return "form_submit"
    return "login" if person.chance.random() < 0.9 else "form_submit"


def make_known(person: Person, out: Delivery, moment: int) -> None:
    """Write a correct form on the first browser for each mobile, and a login on each other browser in use."""
    used = [cookie for cookie in person.cookies if cookie in person.traits]
    if used:
        person.member_id = person.member_id or f"m{person.number:07d}"
        for mobile in {person.main_mobile(moment): None, **dict.fromkeys(person.mobiles_of_two)}:
            event(person, out, "form_submit", moment, used[0], PRODUCTS[0], mobile)
    for cookie in used[1:]:
        event(person, out, "login", moment + 60, cookie, PRODUCTS[0])


def ask_price(person: Person, out: Delivery, last: int) -> None:
    """Let some people who know us well ask for a price or a quote, up to three weeks before `last`.

    This comes at the end of a life, with a generator of its own, so that it moves nothing else.
    """
    chance = Random(f"{person.world.seed} price {person.number}")
    used = [cookie for cookie in person.cookies if cookie in person.traits]
    moment = last - chance.randint(0, 21) * DAY
    is_keen = person.kind in ("buyer", "partner") and person.warmth >= 4 and chance.random() < 0.4
    if not is_keen or not used or moment < (person.first_day + 1) * DAY:
        return
    event_id, name = f"EQ{person.number:07d}", chance.choice(("price_inquiry", "quote_request"))
    out.jsonl("website", "events", person, moment, {
        "event_id": event_id, "event_time": person.world.text(moment), "event_name": name,
        "page_url": "https://www.example.cn/quote", "cookie_id": used[0],
        "user_agent": AGENTS[person.number % 3 % 2], "product_id": chance.choice(PRODUCTS),
    })  # fmt: skip
    out.truth("website", f"events:{event_id}", person)


def fill_form(person: Person, out: Delivery, moment: int, cookie: str) -> None:
    """Fill in a form on a browser that may not be their own, such as the tablet of a booth."""
    event(person, out, "form_submit", moment, cookie, PRODUCTS[person.number % len(PRODUCTS)])


def event(
    person: Person, out: Delivery, name: str, moment: int, cookie: str, product: str, mobile: str | None = None
) -> None:
    """Write one event with the fields that a tracker sends for it. `mobile` is used as it is, without errors."""
    chance, world = person.chance, person.world
    if moment >= world.end:
        return
    person.traits.add(cookie)
    event_id = f"E{person.next_number()}"
    stamp = world.text(moment)
    record: dict[str, Any] = {
        "event_id": event_id,
        "event_time": stamp if chance.random() < 0.5 else stamp.replace(" ", "T") + "+08:00",
        "event_name": name,
        "page_url": f"https://www.example.cn/products/{product[2:].lower()}",
        "cookie_id": cookie,
        "user_agent": BOT_AGENT if person.kind == "bot" else AGENTS[person.number % 3 % 2],
    }
    if chance.random() < 0.8:
        record["product_id"] = product
    if name in ("download", "video_play", "video_replay"):
        record["content_id"] = content_for(person.warmth, person.number, CONTENT)
    if person.campaign is not None and person.campaign.entry == "website" and person.warmth < 2:
        record |= {"utm_source": "baidu", "utm_medium": "cpc", "utm_campaign": person.campaign.campaign_id,
                   "utm_content": f"ad-{person.number % 4}"}  # fmt: skip
    elif chance.random() < 0.3:
        record["referrer"] = chance.choice(REFERRERS)
    if name in ("login", "form_submit") and person.member_id is not None:
        record["member_id"] = person.member_id
    if name == "form_submit":
        record["form"] = {
            "name": person.name if mobile else typed_name(person),
            "mobile": mobile or typed_mobile(person, moment),
            "email": person.email if mobile else typed_email(person),
            "company": typed_company(person),
            "title": person.title,
        }
    out.jsonl("website", "events", person, moment, record)
    out.truth("website", f"events:{event_id}", person)
    if chance.random() < world.knobs.broken_row:
        file = out.place("website", "events", moment // 86400, "jsonl")
        if file is not None:
            person.traits.add("broken_row")
            out.line(file, json_text(record)[:-9])
