"""The mall: orders with lines and statuses, refunds, coupons."""

from __future__ import annotations

from typing import Any

from siyu.simulate.crm import Won, money
from siyu.simulate.delivery import Delivery
from siyu.simulate.people import Person
from siyu.simulate.typed import typed_company, typed_mobile, typed_name
from siyu.simulate.world import DAY, PRODUCTS

REASONS = ("质量问题", "拍错了", "不再需要", None)


def place_order(person: Person, out: Delivery, moment: int, knows_wechat: bool, won: Won | None = None) -> str | None:
    """Write an order, its lines, its later status and some refunds. It may be the order of a won opportunity."""
    chance, world, knobs = person.chance, person.world, person.world.knobs
    if moment >= world.end:
        return None
    if person.member_id is None:
        person.member_id = f"m{person.number:07d}"
    order_id = f"M{person.next_number()}"
    lines = [(chance.choice(PRODUCTS), chance.randint(1, 5), chance.randint(5_000, 300_000))
             for _ in range(chance.randint(1, 3))]  # fmt: skip
    if won is not None:
        lines = [(won.product_id, 1, won.cents)]
    is_foreign = won is None and chance.random() < knobs.foreign_currency
    drawn = chance.random()
    end = (
        "refunded" if drawn < knobs.refund / 2 else "cancelled" if drawn > 0.96 else chance.choice(("shipped", "done"))
    )
    record: dict[str, Any] = {
        "order_id": order_id, "member_id": person.member_id, "unionid": person.unionid if knows_wechat else None,
        "buyer_name": typed_name(person), "mobile": typed_mobile(person, moment), "company": typed_company(person),
        "ordered_at": world.text(moment), "status": "paid", "amount": money(sum(line[2] for line in lines)),
        "currency": ("USD", "EUR")[person.records % 2] if is_foreign else chance.choice(("CNY", None)),
        "campaign_id": person.campaign.campaign_id if person.campaign else None,
        "staff_id": person.staff_id if won is not None or person.wecom_from is not None else None,
        "opportunity_id": won.opportunity_id if won is not None else None, "updated_at": world.text(moment),
    }  # fmt: skip
    if is_foreign:
        person.traits.add("foreign_currency")
    out.row("mall", "orders", person, moment, record)
    out.truth("mall", f"orders:{order_id}", person)
    later = moment + chance.randint(1, 12) * DAY
    if later < world.end:
        out.row("mall", "orders", person, later, {**record, "status": end, "updated_at": world.text(later)})
    for number, (product, count, cents) in enumerate(lines, start=1):
        out.row("mall", "order_items", person, moment, {
            "order_id": order_id, "line_no": number, "product_id": product, "item_count": count,
            "amount": money(cents), "updated_at": world.text(moment),
        })  # fmt: skip
        out.truth("mall", f"order_items:{order_id}|{number}", person)
    if end == "refunded" or (end == "done" and chance.random() < knobs.refund / 2):
        _refund(person, out, later, order_id, lines if end == "refunded" else lines[:1], is_part=end == "done")
    person.warmth += 1
    return order_id


def _refund(
    person: Person, out: Delivery, moment: int, order_id: str, lines: list[tuple[str, int, int]], *, is_part: bool
) -> None:
    chance, world = person.chance, person.world
    if moment >= world.end:
        return
    person.traits.add("part_refund" if is_part else "refund")
    for number, (_product, _count, cents) in enumerate(lines, start=1):
        refund_id = f"B{person.next_number()}"
        out.row("mall", "refunds", person, moment, {
            "refund_id": refund_id, "order_id": order_id, "line_no": number, "refunded_at": world.text(moment),
            "amount": money(cents // 2 if is_part else cents), "reason": chance.choice(REASONS),
        })  # fmt: skip
        out.truth("mall", f"refunds:{refund_id}", person)


def give_coupon(person: Person, out: Delivery, moment: int, order_id: str | None, used: int) -> None:
    """Write a coupon that is used with an order, expires, or stays unused."""
    chance, world = person.chance, person.world
    if moment >= world.end or person.member_id is None:
        return
    coupon_id = f"Q{person.next_number()}"
    record: dict[str, Any] = {
        "优惠券号": coupon_id, "会员号": person.member_id,
        "手机号": typed_mobile(person, moment) if chance.random() < 0.7 else None,
        "名称": chance.choice(("满减券", "新客券", "展会券")), "面额": money(chance.choice((5_000, 10_000, 50_000))),
        "状态": "未使用", "发放时间": world.text(moment), "使用时间": None, "订单号": None,
        "活动": person.campaign.campaign_id if person.campaign else None, "更新时间": world.text(moment),
    }  # fmt: skip
    out.row("mall", "coupons", person, moment, record)
    out.truth("mall", f"coupons:{coupon_id}", person)
    if order_id is not None and moment < used < world.end:
        stamp = world.text(used)
        record |= {"状态": "已使用", "使用时间": stamp, "订单号": order_id, "更新时间": stamp}
        out.row("mall", "coupons", person, used, record)
    elif moment + 30 * DAY < world.end:
        record |= {"状态": "已过期", "更新时间": world.text(moment + 30 * DAY)}
        out.row("mall", "coupons", person, moment + 30 * DAY, record)
