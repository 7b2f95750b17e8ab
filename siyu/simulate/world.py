"""The invented world: companies, people, and the files their lives are written to."""

from __future__ import annotations

import json
import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

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
KINDS = (("passer_by", 40), ("researcher", 35), ("buyer", 20), ("bot", 5))


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
