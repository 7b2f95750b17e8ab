"""Small worlds from a seed: a few people and companies each, with what happens right before, on and after a border.

The worlds share nothing but industries, so that thousands of them lie side by side in one database. Moments are UTC.
"""

from __future__ import annotations

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from tests.tags.happenings import HAPPENINGS, devices, opportunity, order
from tests.tags.making import CHANNELS, DAYS, END, INDUSTRIES, MOMENTS, TIMES, Maker, moment


def worlds(count: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, of so many worlds."""
    maker = Maker(seed)
    for number in range(1, count + 1):
        _world(maker, number)
    return maker.rows


def _world(maker: Maker, number: int) -> None:
    companies = [company(maker, number * 10 + no) for no in range(maker.one(0, 1, 1, 2))]
    for no in range(maker.one(1, 1, 2)):
        employer = maker.one(*companies, None) if companies else None
        who = person(maker, number * 10 + 5 + no, employer)
        # What some do, others do not: a person who does everything shows little.
        for happening, probability in HAPPENINGS:
            if maker.happens(probability):
                happening(maker, who, employer if maker.happens(0.9) else maker.one(*companies, None))
    for owner in companies:
        devices(maker, owner)
        if maker.happens(0.3):
            order(maker, None, owner)
        if maker.happens(0.3):
            opportunity(maker, None, owner)


def company(maker: Maker, key: int) -> dict[str, Any]:
    # Some industries have a few companies, and some have ten and more, so that 30 percent of them is a whole number.
    no = maker.chance.randrange(maker.one(INDUSTRIES, 60))
    account_id = f"C{key:08d}"
    maker.add("identity.account_id", account_key=key, account_id=account_id, node=key, is_anchor=True)
    if maker.happens(0.6):
        maker.add("journey.account_stage", account_key=key, account_id=account_id, stage=maker.one("intent", "won"))
    spellings = (f"i{no}", f"I{no}", f" 行业{no}", f"industry {no} ", f"ALIAS {no}", f"别名{no}", f"ＡＬＩＡＳ {no}")
    given = {
        "industry": maker.one(*spellings, "别名", None),
        "size": maker.one("S", "m", " 大型", "2000+", "Enterprise", "?", None),
        "province": maker.one("浙江", "苏州市", "吉林", "中国", "火星", " 广西壮族自治区 ", None),
        "account_type": maker.one("prospect", "Partner", " integrator", "service", "referral", "distributor", None),
    }
    owner = maker.add("identity.account", account_key=key, account_id=account_id, **given)
    maker.record("company", None, owner, channel="crm", observed_at=maker.when(), **given)
    return owner


def person(maker: Maker, key: int, employer: dict[str, Any] | None) -> dict[str, Any]:
    who = {"person_key": key, "one_id": f"P{key:08d}"}
    given: dict[str, Any] = {
        "full_name": maker.one(None, "王伟", "Li Na"),
        "mobile": maker.one(None, f"+86139{key:08d}"),
        "email": maker.one(None, f"a{key}@163.com", f"a{key}@firm{key}.cn"),
        "title": maker.one(
            None, "总经理", "采购经理", "质量主管", "Maintenance Engineer", "学生", "神秘人", "Founder & CEO"
        ),
        "province": maker.one(None, "上海", "上海市", "杭州", "中国", "火星", "新疆维吾尔自治区", "延边"),
    }
    for name in list(given):
        found = given[name] is not None
        given[f"{name}_channel"] = maker.one(*CHANNELS) if found else None
        given[f"{name}_at"] = maker.when() if found else None
    seen = moment(390, time(1))
    maker.add(
        "identity.person", **who, **given, first_channel=maker.one(*CHANNELS), first_seen_at=seen, last_seen_at=seen
    )
    for kind, value in (("crm_contact_id", f"K{key}"), ("mobile", given["mobile"])):
        if value:
            maker.add("identity.one_id", id_type=kind, id_value=value, node=key * 10 + len(kind), **who,
                      strength=2, is_anchor=kind == "crm_contact_id", is_contested=False)  # fmt: skip
    if employer:
        maker.add(
            "identity.person_account", **who, account_key=employer["account_key"], account_id=employer["account_id"],
            is_current=True, valid_from_at=seen, first_seen_at=seen, last_seen_at=seen,
        )  # fmt: skip
    _journey(maker, who)
    return {**given, **who}


def _journey(maker: Maker, who: dict[str, Any]) -> None:
    if maker.happens(0.9):
        days, stage = maker.one(*DAYS), maker.one("visitor", "potential", "profiled", "intent", "pending", "won")
        since = MOMENTS[days, maker.one(*TIMES)]
        maker.add("journey.person_stage", **who, stage=stage, days_in_stage=days, since_at=since)
    if maker.happens(0.5):
        score = Decimal(maker.one(0, 20, 60, 120, 45)) + Decimal(maker.one(0, 0, -1)) / 10**9
        maker.add("journey.lead_score", **who, score=max(score, Decimal(0)), last_part_at=maker.when())
    for _ in range(maker.one(0, 0, 0, 1, 2)):
        since = maker.when()
        maker.add(
            "journey.exclusion", **who, kind=maker.one("learner", "competitor", "bot", "staff", "partner"),
            rule=f"rule_{maker.one(1, 2)}", signal="title", since_at=since, channel="crm", record_id=f"X{since}",
            until_at=maker.one(None, None, END, END - timedelta(microseconds=1)), is_overruled=maker.happens(0.2),
        )  # fmt: skip
