"""The records that staff keep in the CRM: accounts, contacts, calls, opportunities, decisions about duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery, json_text
from siyu.simulate.people import Company, Person
from siyu.simulate.typed import note_mail, typed_email, typed_mobile, typed_name
from siyu.simulate.world import DAY, PRODUCTS, World

ACTIVITIES = (
    ("call", "outbound", "answered"), ("call", "outbound", "failed"), ("email", "outbound", "sent"),
    ("email", "outbound", "delivered"), ("email", "inbound", "replied"), ("visit", "outbound", None),
    ("meeting", "outbound", None), ("call", "inbound", "answered"),
)  # fmt: skip
OPEN_STAGES = ("qualification", "proposal", "negotiation")
PARTNER_TYPES = ("partner", "distributor", "integrator", "service", "referral")
# How people write an industry or a size if they do not use the code.
INDUSTRY_WORDS = {
    "machinery": ("机械", "机械行业", "机械设备"), "automation": ("自动化", "自动化行业", "Industrial Automation"),
    "automotive": ("汽车零部件", "汽车行业"), "medical": ("医疗行业", "医疗设备"), "food": ("食品行业", "食品机械"),
}  # fmt: skip
NO_INDUSTRY = ("制造业", "贸易", "待定")
SIZE_WORDS = {
    "S": ("小型", "small", "1-49"),
    "M": ("中型", "50-499"),
    "L": ("大型", "500-1999"),
    "XL": ("超大型", "2000+"),
}
PATHS: tuple[tuple[str | None, float], ...] = (("direct", 0.62), ("distributor", 0.16), ("tender", 0.1), (None, 0.12))
CLOSE_DAYS: tuple[tuple[tuple[int, int] | None, float], ...] = (
    ((20, 60), 0.4), ((61, 150), 0.25), ((151, 330), 0.2), (None, 0.15),
)  # fmt: skip


@dataclass(frozen=True)
class Won:
    """An opportunity that was won."""

    opportunity_id: str
    moment: int
    cents: int
    product_id: str


def money(cents: int) -> str:
    """Format cents as an amount, such as 12800.50."""
    return f"{cents // 100}.{cents % 100:02d}"


def write_account(world: World, company: Company, out: Delivery, partners: int) -> None:
    """Write the account of a company, created before the first day. Some credit codes contain a typing error.

    `partners` is the number of partners before this company: their kinds take turns.
    """
    created = f"{world.first_day - timedelta(days=1)} 09:00:00"
    code, (industry, size) = company.credit_code, _written_trade(world, company)
    kind = "customer" if company.kind == "prospect" and company.number % 9 == 2 else company.kind
    record = {
        "account_id": company.key,
        "account_name": company.name,
        "credit_code": code[:-1] + "I" if code and company.number % 40 == 7 else code,
        "email_domain": company.domain,
        "industry": industry,
        "company_size": size,
        "province": company.region[0],
        "account_type": PARTNER_TYPES[partners % len(PARTNER_TYPES)] if kind == "partner" else kind,
        "created_at": created,
        "updated_at": created,
    }
    file = out.place("crm", "accounts", 0, "draft")
    if file is not None:
        out.line(file, json_text(record), folder=out.drafts)
    out.line("truth/person.csv", f"crm,accounts:{company.key},,{company.key}")


def _written_trade(world: World, company: Company) -> tuple[str | None, str | None]:
    """Return industry and size as staff wrote them: mostly the code, sometimes a word that they use for it."""
    chance = Random(f"{world.seed} trade {company.number}")
    industry = chance.choices(
        (company.industry, chance.choice(INDUSTRY_WORDS[company.industry]), chance.choice(NO_INDUSTRY), None),
        (0.7, 0.22, 0.05, 0.03),
    )[0]
    size = chance.choices(tuple(SIZE_WORDS), (0.36, 0.34, 0.2, 0.1))[0]
    return industry, chance.choices((size, chance.choice(SIZE_WORDS[size]), None), (0.75, 0.2, 0.05))[0]


def enter_crm(person: Person, out: Delivery, moment: int) -> None:
    """Write a contact: first as staff enter it, later with the missing details."""
    chance, world = person.chance, person.world
    if person.contact_id is not None or moment >= world.end:
        return
    person.contact_id, person.contact_from = f"K{person.number:07d}", moment
    mobile = typed_mobile(person, moment) if chance.random() < 0.92 else None
    email = typed_email(person) if mobile is None or chance.random() < 0.8 else None
    note_mail(person, email)
    record: dict[str, Any] = {
        "contact_id": person.contact_id,
        "account_id": person.company.key if person.kind not in ("learner", "staff") else None,
        "full_name": typed_name(person),
        "mobile": mobile,
        "email": email,
        "title": None,
        "province": person.company.region[0],
        "city": None,
        "consent": ("yes" if chance.random() < 0.8 else "unknown") if person.consent else "no",
        "source_campaign_id": person.campaign.campaign_id if person.campaign else None,
        "referrer_contact_id": _referrer(person, out),
        "created_at": world.text(moment),
        "updated_at": world.text(moment),
    }
    out.draft("crm", "contacts", person, moment, record)
    out.truth("crm", f"contacts:{person.contact_id}", person)
    later = moment + chance.randint(1, 20) * DAY
    if later < world.end:
        # Staff ask for the mobile number when they call.
        record |= {"title": person.title, "city": person.company.region[1], "updated_at": world.text(later),
                   "mobile": mobile if person.is_careless else person.main_mobile(later)}  # fmt: skip
        out.draft("crm", "contacts", person, later, record)
    _decide(person, out, moment)


def _referrer(person: Person, out: Delivery) -> str | None:
    """Return the contact who referred this person: the last contact entered before."""
    known, out.last_contact = out.last_contact, person.contact_id
    if known is None or person.campaign is None or person.campaign.campaign_id != "C-REFERRAL":
        return None
    person.traits.add("referred")
    return known


def _decide(person: Person, out: Delivery, moment: int) -> None:
    """Write the decisions of a data steward. They are always true."""
    chance, world = person.chance, person.world
    later = moment + chance.randint(1, 30) * DAY
    drawn = chance.random()
    contact = ("crm_contact_id", person.contact_id)
    decisions: list[tuple[str, tuple[str, str | None], tuple[str, str | None], str]] = []
    if "two_phones" in person.traits and drawn < 0.3:
        decisions.append(("link", contact, ("mobile", person.mobiles[1]), "两个手机号都是本人"))
    if "switchboard" in person.traits and drawn < 0.4:
        decisions.append(("unlink", contact, ("mobile", person.company.switchboard), "总机，不是本人号码"))
        decisions.append(("exclude", ("mobile", person.company.switchboard), ("", None), "公司总机"))
    if drawn > 0.99:
        decisions.append(("erase", contact, ("", None), "客户要求删除个人信息"))
    if later >= world.end:
        return
    for decision, left, right, reason in decisions:
        number = f"R{person.next_number()}"
        out.draft("crm", "decisions", person, later, {
            "decision_id": number, "decision": decision, "left_type": left[0], "left_value": left[1],
            "right_type": right[0] or None, "right_value": right[1], "decided_by": world.sdr(person.number),
            "reason": reason, "decided_at": world.text(later),
        })  # fmt: skip


def talk_to(person: Person, out: Delivery, moment: int, opportunity_id: str | None = None) -> int:
    """Write calls, mails and visits, perhaps about an opportunity. Return the moment of the last one."""
    chance, world = person.chance, person.world
    for _ in range(chance.randint(1, 4)):
        moment += chance.randint(0, 4) * DAY + chance.randint(1, 5) * 3600
        if moment >= world.end or person.contact_id is None:
            return moment
        kind, direction, outcome = chance.choice(ACTIVITIES)
        activity_id = f"V{person.next_number()}"
        out.draft("crm", "activities", person, moment, {
            "activity_id": activity_id, "contact_id": person.contact_id, "opportunity_id": opportunity_id,
                "activity_type": kind,
            "direction": direction, "outcome": outcome, "owner": person.staff_id,
            "duration_seconds": chance.randint(30, 2400) if kind != "email" else None,
            "occurred_at": world.text(moment),
        })  # fmt: skip
        out.truth("crm", f"activities:{activity_id}", person)
        person.warmth += 1 if outcome in ("answered", "replied") or kind in ("visit", "meeting") else 0
    return moment


def open_opportunity(person: Person, out: Delivery, moment: int) -> tuple[str | None, Won | None, int]:
    """Write an opportunity; warmer people buy more often. Return its ID, the win if any, and the closing moment."""
    chance, world = person.chance, person.world
    created = moment + chance.randint(1, 48) * 3600
    if created >= world.end or person.contact_id is None:
        return None, None, created
    closed = created + chance.randint(3, 60) * DAY
    product, cents = chance.choice(PRODUCTS), chance.randint(80_000, 9_000_000)
    is_won = chance.random() < min(0.3 + 0.05 * person.warmth, 0.8)
    opportunity_id = f"O{person.next_number()}"
    expected_close, path = _plan(world, opportunity_id, created // DAY)
    record = {
        "opportunity_id": opportunity_id, "account_id": person.company.key, "contact_id": person.contact_id,
        "stage": OPEN_STAGES[0], "amount": money(cents), "currency": None, "product_id": product,
        "campaign_id": person.campaign.campaign_id if person.campaign else None, "owner": person.staff_id,
        "sdr": world.sdr(person.number), "expected_close": expected_close, "purchase_path": path,
        "created_at": world.text(created), "closed_at": None, "updated_at": world.text(created),
    }  # fmt: skip
    if chance.random() < world.knobs.foreign_currency:
        record["currency"] = ("CNY", "USD", "EUR")[person.records % 3]
    out.draft("crm", "opportunities", person, created, record)
    out.truth("crm", f"opportunities:{opportunity_id}", person)
    between = created + (closed - created) // 2
    if between < world.end:
        record |= {"stage": chance.choice(OPEN_STAGES[1:]), "updated_at": world.text(between)}
        out.draft("crm", "opportunities", person, between, record)
    if closed >= world.end:
        return opportunity_id, None, closed
    stage = "won" if is_won else "lost"
    record |= {"stage": stage, "closed_at": world.text(closed), "updated_at": world.text(closed)}
    out.draft("crm", "opportunities", person, closed, record)
    is_plain = is_won and record["currency"] is None
    return opportunity_id, Won(opportunity_id, closed, cents, product) if is_plain else None, closed


def _plan(world: World, opportunity_id: str, created: int) -> tuple[str | None, str | None]:
    """Return when an opportunity is expected to close, and how the customer wants to buy; sales leave out some."""
    chance = Random(f"{world.seed} plan {opportunity_id}")
    (within,) = chance.choices([days for days, _ in CLOSE_DAYS], [weight for _, weight in CLOSE_DAYS])
    (path,) = chance.choices([path for path, _ in PATHS], [weight for _, weight in PATHS])
    if within is None:
        return None, path
    return (world.first_day + timedelta(days=created + chance.randint(*within))).isoformat(), path
