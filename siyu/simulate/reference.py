"""Reference tables that a company keeps: staff, products, content, campaigns, live codes, groups, events …"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random

from siyu.simulate.coming_events import HEADER, coming_events
from siyu.simulate.groups import GROUP_KINDS, block_of
from siyu.simulate.names import OUR_DOMAIN, person_name
from siyu.simulate.world import PRODUCTS, Campaign, World

STAGES = ("awareness", "nurture", "selection", "advocacy")
TOPICS = ("price", "quality", "delivery", "service", "compliance", "application")
FORMATS = ("article", "white_paper", "video", "case", "course", "live")
CONTENT = tuple(
    (
        f"CT-{stage[:3].upper()}-{number}",
        stage,
        TOPICS[(number + 2 * at) % 6],
        FORMATS[number % 6],
        PRODUCTS[number % 5],
    )
    for at, stage in enumerate(STAGES)
    for number in range(1, 7)
)
CAMPAIGN_NAMES = {
    "search": ("搜索推广", "Search ads"),
    "moments_ads": ("朋友圈广告", "Moments ads"),
    "article": ("公众号文章", "Articles"),
    "referral": ("老客户推荐", "Referrals"),
    "academy": ("培训学院", "Academy"),
    "service": ("服务群", "Service groups"),
    "expo": ("展会", "Exhibition"),
    "webinar": ("直播", "Webinar"),
}
PRODUCT_NAMES = {
    "P-SERVO": ("伺服系统", "Servo systems"),
    "P-ROBOT": ("工业机器人", "Industrial robots"),
    "P-SENSOR": ("传感器", "Sensors"),
    "P-PLC": ("可编程控制器", "PLCs"),
    "P-VISION": ("机器视觉", "Machine vision"),
}
TOPIC_NAMES = dict(zip(TOPICS, ("价格", "质量", "交付", "服务", "合规", "应用"), strict=True))
FORMAT_NAMES = dict(zip(FORMATS, ("文章", "白皮书", "视频", "案例", "课程", "直播"), strict=True))
ASKS = {"website": (2, "form_submit"), "ad_lead": (3, "ad_lead"), "follow": (1, "follow"), "wecom": (2, "friend_add"),
        "course": (2, "enrol"), "exhibition": (3, "badge_scan"), "webinar": (1, "live")}  # fmt: skip
TRAITS = (
    "standard",
    "low_decision_cost",
    "talking_topic",
    "needs_service",
    "loyalty",
    "differentiation",
    "brand_power",
)
FOREIGN = {"USD": 7.1, "EUR": 7.8}
TERRITORIES = ("华东", "华北", "华中", "华南", "西南")  # nobody looks after the others


def content_for(warmth: int, number: int, content: tuple[tuple[str, ...], ...]) -> str:
    """Return a content_id that suits the stage of a person, given their warmth."""
    stage = STAGES[min(warmth // 3, 2)]
    fitting = [item[0] for item in content if item[1] == stage]
    return fitting[number % len(fitting)]


def write_reference(world: World, folder: Path, competitors: Iterable[tuple[str, str]]) -> None:
    """Write all reference tables. `competitors` are (kind, value)."""
    (folder / "reference").mkdir(exist_ok=True)
    for name, (header, rows) in _tables(world).items():
        _write(folder, name, header, rows)
    _write(folder, "competitors", "kind,value", competitors)
    _write(folder, "own_domains", "email_domain", [(OUR_DOMAIN,)])


def reference_names(world: World) -> set[str]:
    """Return the names of the tables that write_reference() writes."""
    return {*_tables(world), "competitors", "own_domains"}


def _write(folder: Path, name: str, header: str, rows: Iterable[Iterable[object]]) -> None:
    with (folder / "reference" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _tables(world: World) -> dict[str, tuple[str, Iterable[Iterable[object]]]]:
    campaigns = world.campaigns
    blocks = range(block_of(world.people - 1) + 1)
    return {
        "products": ("product_id,product_line,margin_rate,name_zh,name_en",
                     [(p, p[2:].title(), f"0.{25 + 5 * i}", *PRODUCT_NAMES[p]) for i, p in enumerate(PRODUCTS)]),
        "content": ("content_id,content_stage,topic,format,product_id,name_zh,name_en",
                    [(*item, *_content_names(*item[2:])) for item in CONTENT]),
        "campaigns": ("campaign_id,domain,scene,step,name_zh,name_en",
                      [(c.campaign_id, c.domain, c.scene, c.step, *_campaign_names(c)) for c in campaigns]),
        "live_codes": ("state,campaign_id,staff_id,scene",
                       [(c.state, c.campaign_id, world.salesman(i), c.scene) for i, c in enumerate(campaigns)]),
        "groups": ("chat_id,group_kind,campaign_id",
                   ((f"wr{b:06d}{kind}Siyu", kind, "C-SERVICE" if kind == "service" else None)
                    for b in blocks for kind in GROUP_KINDS)),
        "staff": ("staff_id,team,role,monthly_cost,outsourced,vendor,name_zh", _staff(world)),
        "territory_staff": ("territory,staff_id", _territory_staff(world)),
        "calls_to_action": ("campaign_id,ask_level,action", [(c.campaign_id, *ASKS[c.entry]) for c in campaigns]),
        "exchange_rates": ("currency,rate_date,rate", _rates(world)),
        "targets": ("kpi_code,month,dimension,member,target",
                    [("net_revenue", month, "total", None, world.people * 1500)
                     for month in dict.fromkeys(day[:7] for day in world.dates)]),
        "product_traits": ("product_line,trait,score",
                           [(p[2:].title(), trait, 1 + (i + 2 * k) % 5)
                            for i, p in enumerate(PRODUCTS) for k, trait in enumerate(TRAITS)]),
        "events": (HEADER, coming_events(world, TOPIC_NAMES, PRODUCT_NAMES)),
    }  # fmt: skip


def _staff(world: World) -> Iterable[tuple[object, ...]]:
    for i in range(world.sales):
        outsourced = i % 4 == 3
        yield (world.salesman(i), f"sales-{1 + i % 3}", "sales", 14000 + 500 * (i % 5), str(outsourced).lower(),
               "WeStaff" if outsourced else None, _staff_name(world, world.salesman(i)))  # fmt: skip
    for i in range(world.sdrs):
        yield world.sdr(i), "sdr", "sdr", 11000, "false", None, _staff_name(world, world.sdr(i))


def _territory_staff(world: World) -> Iterable[tuple[str, str]]:
    """Return a territory for each member of sales, in turn. One member has a second territory, never the same twice."""
    members = [world.salesman(i) for i in range(world.sales)]
    Random(f"{world.seed} territories").shuffle(members)
    second = TERRITORIES[len(members) % len(TERRITORIES) or 1]
    of_each = [(TERRITORIES[i % len(TERRITORIES)], member) for i, member in enumerate(members)]
    return sorted([*of_each, (second, members[0])])


def _staff_name(world: World, staff_id: str) -> str:
    return person_name(Random(f"{world.seed} staff {staff_id}"))


def _campaign_names(campaign: Campaign) -> tuple[str, ...]:
    """Return the names, with the number of campaigns that are repeated."""
    number = campaign.campaign_id.rpartition("-")[2]
    return tuple(f"{name} {number}" if number.isdigit() else name for name in CAMPAIGN_NAMES[campaign.scene])


def _content_names(topic: str, form: str, product: str) -> tuple[str, str]:
    zh, en = PRODUCT_NAMES[product]
    return f"{zh}：{TOPIC_NAMES[topic]}（{FORMAT_NAMES[form]}）", f"{en}: {topic} ({form.replace('_', ' ')})"


def _rates(world: World) -> Iterable[tuple[str, str, str]]:
    """Yield exchange rates for working days, as banks publish them, from two weeks before the first day."""
    chance = Random(f"{world.seed} rates")
    for currency, first_rate in FOREIGN.items():
        rate = first_rate
        for offset in range(-14, world.days):
            day = world.first_day + timedelta(days=offset)
            rate = round(rate * (1 + chance.uniform(-0.002, 0.002)), 4)
            if day.weekday() < 5:
                yield currency, day.isoformat(), f"{rate:.4f}"
