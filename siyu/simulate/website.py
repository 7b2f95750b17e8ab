"""What people leave on the website: visits, and now and then a form."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

from siyu.simulate.world import PRODUCTS, Exports, Person

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) MicroMessenger/8.0",
)
BOT_AGENT = "Mozilla/5.0 (compatible; PriceSpider/2.1)"


def visit_website(person: Person, exports: Exports, moment: datetime, wants_form: bool) -> None:
    """One visit: pages, and what this kind of person does beside looking."""
    chance = person.chance
    cookie = chance.choice(person.cookies)
    product = chance.choice(PRODUCTS)
    names = ["page_view"] * chance.randint(1, 3)
    if person.kind in ("researcher", "buyer"):
        extra = {"download": 0.25, "video_play": 0.2, "search": 0.2, "video_replay": 0.08, "chat": 0.1}
        if person.kind == "buyer":
            extra |= {"price_view": 0.4, "chat": 0.3}
        names += [name for name, odds in extra.items() if chance.random() < odds]
    names += ["form_submit"] if wants_form else []
    for name in names:
        moment += timedelta(seconds=chance.randint(5, 400))
        _event(person, exports, name, moment, cookie, product)


def _event(person: Person, exports: Exports, name: str, moment: datetime, cookie: str, product: str) -> None:
    chance = person.chance
    event_id = f"E{person.next_number()}"
    record: dict[str, Any] = {
        "event_id": event_id,
        "event_time": moment.isoformat() + chance.choice(("", "+08:00")),
        "event_name": name,
        "page_url": f"https://www.example.cn/products/{product.lower()}",
        "cookie_id": cookie,
        "user_agent": BOT_AGENT if person.kind == "bot" else chance.choice(AGENTS),
        "product_id": product if chance.random() < 0.8 else None,
    }
    if person.campaign and chance.random() < 0.3:
        record |= {"utm_source": "baidu", "utm_medium": "cpc", "utm_campaign": person.campaign}
    if name == "form_submit":
        record["form"] = {
            "name": person.name,
            "mobile": dirty_mobile(person.mobile, chance),
            "email": person.email.upper() if chance.random() < 0.1 else person.email,
            "company": person.company.name,
            "title": person.title,
        }
    month = f"website/events_{moment:%Y-%m}.jsonl"
    exports.line(month, record)
    exports.truth("website", f"events:{event_id}", person)
    if chance.random() < 0.002:
        exports.line(month, record)
    if chance.random() < 0.001:
        exports.line(month, json.dumps(record, ensure_ascii=False)[:-9])


def dirty_mobile(mobile: str, chance: random.Random) -> str:
    """A mobile as people type it; now and then with a digit missing."""
    full_width = str.maketrans("0123456789", "０１２３４５６７８９")
    forms = (
        (mobile, 70),
        (f"+86 {mobile}", 8),
        (f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}", 8),
        (f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}", 6),
        (mobile.translate(full_width), 4),
        (mobile[:-1], 3),
        ("13800138000", 1),
    )
    return chance.choices([form for form, _ in forms], [weight for _, weight in forms])[0]
