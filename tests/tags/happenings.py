"""What people of random worlds do: touches, links, contacts, tickets, deals; and the devices of companies."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.tags.making import AS_OF, CHANNELS, DAYS, MOMENTS, STAFF, TIMES, Maker


def touch(maker: Maker, who: Any, company: Any, at: datetime, **given: Any) -> None:
    columns: dict[str, Any] = {
        "direction": "inbound",
        "behaviour": maker.one(
            "view", "download", "register", "attend", "interact", "purchase", "service", "sing", None
        ),
        "action": maker.one(*ACTIONS),
        "outcome": maker.one(None, None, "answered", "replied", "failed", "clicked"),
        "medium": maker.one("one_to_one", "wecom", "moments", "group", "call", "email", "mall", "web", None),
        "content_id": maker.one(*CONTENT),
        "product_id": maker.one("P-A", "P-A2", "P-B", "P-C", "P-D", "P-?", None, None),
        "campaign_id": maker.one("K-AD", "K-OWN", "K-FRIEND", "K-NONE", "K-?", None, None, None, None),
        "staff_id": maker.one(*STAFF),
        "duration_seconds": maker.one(None, 60, 600, 900, 1799, 1800),
        "progress": maker.one(None, None, "0.4999", "0.5000", "1.0000"),
        **given,
    }
    maker.record("touch", who, company, occurred_at=at, **columns)


ACTIONS = (
    None, "page_view", "page_view", "price_view", "quote_request", "price_inquiry", "coupon_used", "live", "replay",
    "video_replay", "badge_scan", "visit", "meeting", "course_complete", "enrol", "group_message", "chat",
)  # fmt: skip
CONTENT = (
    "C-PRICE", "C-QUALITY", "C-USE", "C-DELIVERY", "C-SERVICE", "C-LAW", "C-BARE", "C-?", None, None, None, None,
)  # fmt: skip


def acts(maker: Maker, who: Any, company: Any) -> None:
    for _ in range(maker.one(1, 1, 2, 3, 5)):
        touch(maker, who, company, maker.when())


def acts_once(maker: Maker, who: Any, company: Any) -> None:
    """One action on a border, and of the sort that borders are about."""
    action = maker.one("price_view", "quote_request", "coupon_used", "live", "badge_scan", "group_message", None)
    touch(maker, who, company, maker.when(), action=action)


def acts_often(maker: Maker, who: Any, company: Any) -> None:
    """So many touches in the last 30 days, and so many in the 30 days before, that the trend and the grade decide."""
    now, before = maker.one(
        (1, 0), (2, 2), (5, 6), (6, 5), (4, 5), (5, 4), (11, 10), (12, 10), (8, 10), (13, 11), (0, 1)
    )
    for count, days in ((now, (0, 1, 28, 29)), (before, (30, 31, 58, 59))):
        for _ in range(count):
            touch(maker, who, company, maker.when(days), action=maker.one("page_view", None), behaviour="view")


def writes_in_groups(maker: Maker, who: Any, company: Any) -> None:
    maker.record(
        "link", who, company, touchpoint="group", started_at=maker.when(), ended_at=maker.ended(),
        ended_by=maker.one("person", "system", None), holder_id="G-1",
    )  # fmt: skip
    for days in maker.chance.sample((0, 1, 2, 28, 29, 30, 31), maker.one(0, 1, 2, 3, 4)):
        for _ in range(maker.one(1, 1, 2)):
            touch(maker, who, company, maker.when((days,)), action="group_message", medium="group")


def is_written_to(maker: Maker, who: Any, company: Any) -> None:
    for _ in range(maker.one(1, 2, 3, 4, 6, 9)):
        touch(
            maker, who, company, maker.when(), direction="outbound",
            action=maker.one(None, "email", "mass_send", "visit", "meeting", "quote_request", "group_message", "call"),
            outcome=maker.one(None, "sent", "delivered", "clicked", "replied", "answered", "failed", "delivered"),
        )  # fmt: skip


def watches(maker: Maker, who: Any, company: Any) -> None:
    actions = maker.one(("live",), ("replay",), ("live", "live"), ("live", "replay"))
    for action in actions:
        seconds = maker.one(None, 899, 900, 900, 901, 1800, 1799)
        touch(maker, who, company, maker.when(), action=action, duration_seconds=seconds)


def links_up(maker: Maker, who: Any, company: Any) -> None:
    for _ in range(maker.one(1, 1, 2)):
        names_friend = maker.happens(0.15)
        started = maker.when()
        ended = maker.ended()
        maker.record(
            "link", who, company,
            touchpoint=maker.one("wecom", "wecom", "official_account", "mall", "mini_program", "weibo", "fax"),
            holder_id=maker.one(*STAFF), started_at=started, ended_at=ended and max(started, ended),
            ended_by=maker.one("person", "person", "staff", None) if ended else None,
            referrer_type="crm_contact_id" if names_friend else None,
            referrer_value=friend(maker, who) if names_friend else None,
        )  # fmt: skip


def friend(maker: Maker, who: Any) -> str:
    """Somebody of the same world, who may be the person themselves, or nobody."""
    blank = maker.one("", "", " ")
    return f"{blank}K{who['person_key'] // 10 * 10 + maker.one(5, 5, 6)}{blank}"


def gives_contact(maker: Maker, who: Any, company: Any) -> None:
    for _ in range(maker.one(1, 2, 3)):
        names_friend = maker.happens(0.1)
        channel = maker.one(*CHANNELS, "wecom")
        maker.record(
            "contact", who, company, channel=channel, observed_at=maker.when(),
            full_name=maker.one(None, who["full_name"], who["full_name"], "Wang"),
            mobile=maker.one(None, who["mobile"], who["mobile"], "+8613712345678"),
            mobile_source=maker.one(None, "self", "staff_remark", "staff_remark"),
            email=maker.one(None, who["email"]), title=maker.one(None, who["title"]),
            province=maker.one(None, who["province"]),
            consent=maker.one(None, "yes", "no", "unknown"),
            add_way=maker.one(None, "scan_code", "group", "secret") if channel == "wecom" else None,
            source_campaign_id=maker.one(None, "K-AD", "K-OWN", "K-FRIEND", "K-NONE", "K-?"),
            referrer_type="crm_contact_id" if names_friend else None,
            referrer_value=friend(maker, who) if names_friend else None,
        )  # fmt: skip


def asks_for_help(maker: Maker, who: Any, company: Any) -> None:
    moments = [maker.when(), maker.when()]
    for _ in range(maker.one(1, 1, 2, 3)):
        maker.record(
            "ticket", who, company, ticket_id=f"T{maker.number}", opened_at=maker.one(*moments),
            resolved_at=maker.ended(), csat=maker.one(None, 1, 2, 3, 4, 5), nps=maker.one(None, 8, 9, 10),
            topic=maker.one("complaint", "repair", "spare_parts", "usage", "weather", None),
        )  # fmt: skip


# Deals.

AMOUNTS = (
    "10000.00", "9999.99", "20000.00", "19999.99", "50000.00", "49999.99", "200000.00", "199999.99", "4000.00",
    "3999.99", "40000.00", "100000.00", "0.00", "-50.00", "33333.33", "500.00", "2000.00", None,
)  # fmt: skip
PATHS = ("direct", "distributor", "tender", "mall", "barter", None)
PRODUCTS = ("P-A", "P-A2", "P-B", "P-C", "P-D", "P-?", None)


def buys_again(maker: Maker, who: Any, company: Any) -> None:
    """Little, on two or three days of which one is a border of recency, of lapse, or of the year that counts."""
    for days in maker.chance.sample((0, 88, 89, 90, 91, 118, 119, 120, 121, 363, 364, 365, 366), maker.one(2, 2, 3)):
        order(maker, who, company, days)


def order(maker: Maker, who: Any, company: Any, days: int | None = None) -> None:
    """An order of some lines; with refunds of nothing, a part, all or more; or cancelled."""
    deal_id, channel = f"O{maker.number}", maker.one("mall", "crm")
    days = maker.one(*DAYS, 89, 90, 119, 120) if days is None else days
    at = MOMENTS[days, maker.one(*TIMES)]
    status = maker.one("paid", "shipped", "done", None, "done", "done", "cancelled", "refunded")
    fulfils = f"W{maker.number}" if maker.happens(0.15) else None
    given = {"channel": channel, "deal_id": deal_id}
    amounts = [maker.one(*AMOUNTS) for _ in range(maker.one(1, 1, 2, 3))]
    for line, amount in enumerate(amounts):
        of_line = maker.one("cancelled", "paid") if status == "paid" and maker.happens(0.1) else status
        maker.record(
            "deal", who, company, **given, kind="order", line_no=line + 1, occurred_at=at, status=of_line,
            amount=amount,
            product_id=maker.one(*PRODUCTS), purchase_path=maker.one(*PATHS), opportunity_id=fulfils,
        )  # fmt: skip
    if fulfils:
        opportunity(maker, who, company, deal_id=fulfils, status=maker.one("won", "open"))
    total = sum((Decimal(amount or 0) for amount in amounts), Decimal(0))
    for share in maker.one((), (), (), (1,), ("0.5",), ("0.5", "0.5"), ("1.1",)):
        later = MOMENTS[maker.chance.randint(0, days), maker.one(*TIMES)]
        back = -(abs(total) * Decimal(share)).quantize(Decimal("0.01"))
        maker.record(
            "deal", who if maker.happens(0.9) else None, company, **given, kind="refund", occurred_at=max(at, later),
            amount=back, product_id=maker.one(*PRODUCTS),
        )  # fmt: skip


def opportunity(maker: Maker, who: Any, company: Any, **given: Any) -> None:
    opened = maker.one(*DAYS)
    columns = {
        "channel": "crm", "deal_id": f"V{maker.number}", "status": maker.one("open", "open", "won", "won", "lost"),
        "occurred_at": MOMENTS[opened, maker.one(*TIMES)], **given,
    }  # fmt: skip
    closed = max(columns["occurred_at"], MOMENTS[maker.one(0, opened, opened // 2, -1), maker.one(*TIMES)])
    maker.record(
        "deal", who, company, kind="opportunity", line_no=1, amount=maker.one(*AMOUNTS),
        closed_at=None if columns["status"] == "open" else closed,
        expected_date=maker.one(None, maker.day(), maker.day(), AS_OF), staff_id=maker.one(*STAFF),
        product_id=maker.one(*PRODUCTS), purchase_path=maker.one(*PATHS), **columns,
    )  # fmt: skip


def devices(maker: Maker, company: Any) -> None:
    """So many that the bands of their number differ, of few product lines, so that peers miss one."""
    for _ in range(maker.one(0, 1, 1, 2, 5, 6) if maker.happens(0.6) else 0):
        ends = maker.one(None, maker.day(), maker.day((89, 90, 91, 0, 1)), AS_OF)
        maker.record(
            "device", None, company, channel="after_sales", observed_at=maker.when(), product_id=maker.one(*PRODUCTS),
            warranty_until=ends, device_serial=f"SN{maker.number}",
        )  # fmt: skip


HAPPENINGS = (
    (acts, 0.45), (acts_once, 0.4), (acts_often, 0.25), (writes_in_groups, 0.2), (is_written_to, 0.4), (watches, 0.2),
    (links_up, 0.5), (gives_contact, 0.5), (asks_for_help, 0.35), (buys_again, 0.1), (order, 0.4), (order, 0.2),
    (opportunity, 0.35), (opportunity, 0.15),
)  # fmt: skip
