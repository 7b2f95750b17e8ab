"""Channel exports of invented people whose truth is known. Streams: memory does not grow with the number of people.

Each person is drawn from a generator of their own (seed and number), so that the same seed gives the same files,
and a larger world holds the smaller one.
"""

from __future__ import annotations

import csv
import json
import random
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from siyu.compile.bind import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine, quoted

LAST_DAY = date(2026, 6, 30)
PEOPLE_A_COMPANY = 5
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉玲华建国志远思雨子轩梓涵浩然欣怡"
REGIONS = (("上海", "上海"), ("江苏", "苏州"), ("浙江", "杭州"), ("广东", "深圳"), ("山东", "青岛"), ("四川", "成都"))
COMPANY_WORDS = ("华阳", "精锐", "东方", "恒力", "天工", "联创", "宏图", "科锐", "中泰", "瑞丰", "金桥", "海川")
TRADES = (
    ("机电", "machinery"),
    ("自动化", "automation"),
    ("汽车零部件", "automotive"),
    ("医疗器械", "medical"),
    ("食品机械", "food"),
)
TITLES = ("采购经理", "设备工程师", "生产总监", "技术员", "总经理", "工艺主管")
PRODUCTS = ("P-SERVO", "P-ROBOT", "P-SENSOR", "P-PLC", "P-VISION")
CAMPAIGNS = ("C-SEARCH", "C-EXPO", "C-WEBINAR", "C-NEWSLETTER")
PUBLIC_CAMPAIGNS = ("C-SEARCH", "C-EXPO")
SALES, SDRS = 8, 3
FREE_MAIL = ("163.com", "qq.com", "126.com")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) MicroMessenger/8.0",
)
BOT_AGENT = "Mozilla/5.0 (compatible; PriceSpider/2.1)"
KINDS = (("passer_by", 40), ("researcher", 35), ("buyer", 20), ("bot", 5))
VISITS = {"passer_by": (1, 2), "researcher": (3, 8), "buyer": (5, 12), "bot": (6, 10)}
CRM_TYPES = {
    "accounts": "account_id varchar, account_name varchar, credit_code varchar, email_domain varchar, industry varchar,"
    " company_size varchar, province varchar, account_type varchar, created_at timestamp, updated_at timestamp",
    "contacts": "contact_id varchar, account_id varchar, full_name varchar, mobile varchar, email varchar,"
    " title varchar, province varchar, city varchar, consent varchar, source_campaign_id varchar, created_at timestamp,"
    " updated_at timestamp",
    "opportunities": "opportunity_id varchar, account_id varchar, contact_id varchar, stage varchar,"
    " amount decimal(18,2), product_id varchar, campaign_id varchar, owner varchar, sdr varchar, expected_close date,"
    " created_at timestamp, closed_at timestamp, updated_at timestamp",
    "activities": "activity_id varchar, contact_id varchar, opportunity_id varchar, activity_type varchar,"
    " direction varchar, outcome varchar, owner varchar, duration_seconds bigint, occurred_at timestamp",
}


@dataclass(frozen=True)
class Company:
    """An invented company."""

    number: int
    name: str
    domain: str
    industry: str
    region: tuple[str, str]


@dataclass
class Person:
    """An invented person; `chance` is their own generator."""

    number: int
    chance: random.Random
    kind: str
    name: str
    mobile: str
    email: str
    company: Company
    title: str
    campaign: str | None
    first_day: int
    cookies: list[str]
    records: int = 0

    @property
    def key(self) -> str:
        """The person in the truth."""
        return f"person-{self.number:07d}"

    def next_number(self) -> str:
        """Numbers of this person's records."""
        self.records += 1
        return f"{self.number:07d}{self.records:04d}"


@dataclass
class Exports:
    """Open files of a world being written."""

    folder: Path
    stack: ExitStack
    counts: Counter[str] = field(default_factory=Counter)
    handles: dict[str, TextIO] = field(default_factory=dict)

    def line(self, file: str, record: dict[str, Any] | str) -> None:
        """One line of a jsonl file; a text goes in as it is."""
        if file not in self.handles:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            self.handles[file] = self.stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        text = record if isinstance(record, str) else json.dumps(record, ensure_ascii=False, default=str)
        self.handles[file].write(text + "\n")
        self.counts[file] += 1

    def truth(self, channel: str, record_id: str, person: Person) -> None:
        """Whose record it is."""
        self.line("truth/person.csv", f"{channel},{record_id},{person.key},company-{person.company.number:06d}")


def simulate_exports(folder: Path, *, people: int, days: int, seed: int, last_day: date = LAST_DAY) -> dict[str, int]:
    """Write a whole exports folder and return rows by file. Existing files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, ExitStack() as stack:
        exports = Exports(folder, stack)
        drafts = Exports(Path(scratch), stack)
        exports.line("truth/person.csv", "channel,record_id,person,company")
        companies = max(people // PEOPLE_A_COMPANY, 1)
        for number in range(companies):
            _write_company(drafts, make_company(seed, number, companies), days, last_day)
        for number in range(people):
            _live(make_person(seed, number, companies, days), exports, drafts, days, last_day)
        for handle in (*exports.handles.values(), *drafts.handles.values()):
            handle.flush()
        counts = dict(exports.counts)
        counts["truth/person.csv"] -= 1
        counts.update(_to_parquet(drafts, folder))
    _write_reference(folder)
    (folder / "exports.yml").write_text(f"as_of: {last_day}\n", encoding="utf-8")
    return counts


def make_company(seed: int, number: int, companies: int) -> Company:
    """Company `number` of a world."""
    chance = random.Random(f"{seed} company {number}")
    region = chance.choice(REGIONS)
    trade, industry = chance.choice(TRADES)
    word = chance.choice(COMPANY_WORDS) + (chance.choice(COMPANY_WORDS) if companies > len(COMPANY_WORDS) else "")
    return Company(number, f"{region[1]}{word}{trade}有限公司", f"company{number:06d}.com.cn", industry, region)


def make_person(seed: int, number: int, companies: int, days: int) -> Person:
    """Person `number` of a world."""
    chance = random.Random(f"{seed} person {number}")
    kind = chance.choices([name for name, _ in KINDS], [weight for _, weight in KINDS])[0]
    company = make_company(seed, chance.randrange(companies), companies)
    free = chance.random() < 0.3
    email = f"user{number:07d}@{chance.choice(FREE_MAIL) if free else company.domain}"
    return Person(
        number=number,
        chance=chance,
        kind=kind,
        name=chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2)))),
        mobile=f"1{chance.choice('35789')}{number:09d}",
        email=email,
        company=company,
        title=chance.choice(TITLES),
        campaign=chance.choice((*CAMPAIGNS, None)),
        first_day=chance.randrange(days),
        cookies=[f"ck{number:07d}{i}{chance.getrandbits(32):08x}" for i in range(chance.choice((1, 1, 2)))],
    )


def _live(person: Person, exports: Exports, drafts: Exports, days: int, last_day: date) -> None:
    """The whole life of one person, written as it goes."""
    chance = person.chance
    start = datetime.combine(last_day - timedelta(days=days - 1), datetime.min.time())
    day, formed_at = person.first_day, None
    for visit in range(chance.randint(*VISITS[person.kind])):
        if day >= days:
            break
        moment = start + timedelta(days=day, hours=chance.randint(8, 20), minutes=chance.randrange(60))
        wants_form = (
            formed_at is None and person.kind in ("researcher", "buyer") and visit > 0 and chance.random() < 0.5
        )
        _visit(person, exports, moment, wants_form)
        formed_at = moment if wants_form and formed_at is None else formed_at
        day += 0 if person.kind == "bot" else chance.randint(1, 12)
    in_crm = formed_at is not None and chance.random() < (0.95 if person.kind == "buyer" else 0.5)
    if in_crm and formed_at is not None:
        _enter_crm(person, drafts, exports, formed_at, start + timedelta(days=days))


def _visit(person: Person, exports: Exports, moment: datetime, wants_form: bool) -> None:
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


def _write_company(drafts: Exports, company: Company, days: int, last_day: date) -> None:
    created = datetime.combine(last_day - timedelta(days=days), datetime.min.time()) + timedelta(hours=9)
    record = {
        "account_id": f"A{company.number:06d}",
        "account_name": company.name,
        "email_domain": company.domain,
        "industry": company.industry,
        "company_size": ("S", "M", "L")[company.number % 3],
        "province": company.region[0],
        "account_type": "prospect",
        "created_at": created,
        "updated_at": created,
    }
    drafts.line("accounts", record)


def _enter_crm(person: Person, drafts: Exports, exports: Exports, formed_at: datetime, end: datetime) -> None:
    chance = person.chance
    created = formed_at + timedelta(hours=chance.randint(2, 72))
    if created >= end:
        return
    contact_id = f"K{person.number:07d}"
    record = {
        "contact_id": contact_id,
        "account_id": f"A{person.company.number:06d}",
        "full_name": person.name,
        "mobile": person.mobile if chance.random() < 0.9 else None,
        "email": person.email,
        "title": person.title,
        "province": person.company.region[0],
        "city": person.company.region[1],
        "consent": chance.choice(("yes", "yes", "unknown", "no")),
        "source_campaign_id": person.campaign,
        "created_at": created,
        "updated_at": created,
    }
    drafts.line("contacts_first", {**record, "title": None, "city": None})
    later = min(created + timedelta(days=chance.randint(1, 20)), end - timedelta(minutes=1))
    drafts.line("contacts_last", {**record, "updated_at": later})
    exports.truth("crm", f"contacts:{contact_id}", person)
    _sell(person, drafts, exports, contact_id, created, end)


def _sell(person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime) -> None:
    """Calls, and for buyers opportunities: won, lost, or still open; some come back after a loss."""
    for _attempt in range(2 if person.kind == "buyer" else 1):
        moment = _call(person, drafts, exports, contact_id, moment, end)
        if person.kind != "buyer" or person.chance.random() < 0.2:
            return
        closed_lost_at = _opportunity(person, drafts, exports, contact_id, moment, end)
        if closed_lost_at is None:
            return
        moment = closed_lost_at


def _call(
    person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime
) -> datetime:
    chance = person.chance
    for _ in range(chance.randint(1, 4)):
        moment += timedelta(days=chance.randint(0, 4), hours=chance.randint(1, 5))
        if moment >= end:
            break
        kind, outcome = chance.choice(
            (("call", "answered"), ("call", "failed"), ("email", "sent"), ("email", "replied"), ("visit", None))
        )
        activity_id = f"V{person.next_number()}"
        drafts.line(
            "activities",
            {"activity_id": activity_id, "contact_id": contact_id, "activity_type": kind, "direction": "outbound",
             "outcome": outcome, "owner": f"S{person.number % SALES:02d}", "duration_seconds": chance.randint(30, 2400),
             "occurred_at": moment},
        )  # fmt: skip
        exports.truth("crm", f"activities:{activity_id}", person)
    return moment


def _opportunity(
    person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime
) -> datetime | None:
    """Write one opportunity; its end when it was lost, else None."""
    chance = person.chance
    created = moment + timedelta(hours=chance.randint(1, 48))
    if created >= end:
        return None
    closed = created + timedelta(days=chance.randint(3, 60))
    stage = (
        chance.choice(("won", "won", "lost"))
        if closed < end
        else chance.choice(("qualification", "proposal", "negotiation"))
    )
    is_closed = stage in ("won", "lost")
    opportunity_id = f"O{person.next_number()}"
    drafts.line(
        "opportunities",
        {"opportunity_id": opportunity_id, "account_id": f"A{person.company.number:06d}", "contact_id": contact_id,
         "stage": stage, "amount": f"{chance.randint(800, 90000)}.{chance.randint(0, 99):02d}",
         "product_id": chance.choice(PRODUCTS), "campaign_id": person.campaign,
         "owner": f"S{person.number % SALES:02d}",
         "sdr": f"D{person.number % SDRS:02d}", "expected_close": (created + timedelta(days=45)).date(),
         "created_at": created, "closed_at": closed if is_closed else None,
         "updated_at": closed if is_closed else created},
    )  # fmt: skip
    exports.truth("crm", f"opportunities:{opportunity_id}", person)
    return closed if stage == "lost" else None


def _to_parquet(drafts: Exports, folder: Path) -> dict[str, int]:
    """CRM exports are Parquet; contacts come as two exports that overlap, the later one with newer versions."""
    engine = DuckEngine(None, ANY_INPUTS)
    session = engine.session()
    written = {}
    (folder / "crm").mkdir(exist_ok=True)
    for draft, count in sorted(drafts.counts.items()):
        table = draft.partition("_")[0]
        columns = ", ".join(
            f"{name}: {quoted(kind)}" for name, kind in (part.split(" ") for part in CRM_TYPES[table].split(", "))
        )
        file = f"crm/{draft}.parquet"
        session.execute(
            f"copy (select * from read_json({quoted(drafts.folder / draft)}, format = 'newline_delimited',"
            f" columns = {{{columns}}})) to {quoted(folder / file)} (format parquet, compression zstd)"
        )
        written[file] = count
    session.close()
    engine.close()
    return written


def _write_reference(folder: Path) -> None:
    """Staff, products and campaigns: the lists such a company keeps."""
    (folder / "reference").mkdir(exist_ok=True)
    tables: dict[str, tuple[list[str], list[list[str]]]] = {
        "products": (
            ["product_id", "product_line", "margin_rate"],
            [[product, product.removeprefix("P-").title(), "0.35"] for product in PRODUCTS],
        ),
        "campaigns": (
            ["campaign_id", "domain", "scene"],
            [[c, "public" if c in PUBLIC_CAMPAIGNS else "private", c.removeprefix("C-").lower()] for c in CAMPAIGNS],
        ),
        "staff": (
            ["staff_id", "team", "role"],
            [[f"S{i:02d}", "sales", "sales"] for i in range(SALES)]
            + [[f"D{i:02d}", "sdr", "sdr"] for i in range(SDRS)],
        ),
    }
    for name, (header, rows) in tables.items():
        with (folder / "reference" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
