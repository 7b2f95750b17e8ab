"""The words of a journey, in English and Chinese. A word that a layer adds is shown unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

# singular, plural, Chinese
BEHAVIOURS = {
    "view": ("view", "views", "浏览"),
    "download": ("download", "downloads", "下载"),
    "register": ("registration", "registrations", "注册"),
    "attend": ("attendance", "attendances", "参加"),
    "interact": ("interaction", "interactions", "互动"),
    "purchase": ("purchase", "purchases", "购买"),
    "service": ("service request", "service requests", "服务"),
}
OUTCOMES = {
    "sent": "已发送",
    "delivered": "已送达",
    "clicked": "已点击",
    "replied": "已回复",
    "answered": "已接通",
    "failed": "失败",
}
DIRECTIONS = {"forward": "前进", "back": "退回", "re_entry": "重新进入"}
REASONS = {
    "touch": "首次触点",
    "follow": "关注公众号",
    "product_views": "多次浏览产品",
    "download": "下载",
    "register": "注册",
    "attend": "参加活动或培训",
    "ad_click": "点击广告",
    "link_wecom": "添加企业微信",
    "link_group": "加入社群",
    "behaviours": "多种行为、评分过线",
    "sincerity": "极致诚意、评分过线",
    "opportunity": "商机",
    "conversation": "双向沟通",
    "deal": "成交",
    "lost": "丢单",
    "refunded": "全额退款",
}
CONTENT_STAGES = {"awareness": "认知", "nurture": "培育", "selection": "选型", "advocacy": "口碑"}
EXCLUSIONS = {
    "learner": "学习者",
    "competitor": "竞争对手",
    "bot": "机器流量",
    "staff": "内部员工",
    "partner": "合作伙伴",
}
DEALS = {
    "opened": "opportunity opened 商机建立",
    "won": "opportunity won 商机赢单",
    "lost": "opportunity lost 商机丢单",
    "ordered": "ordered 下单",
    "refunded": "refunded 退款",
}
STATUSES = {
    "paid": "已付款", "shipped": "已发货", "done": "已完成", "cancelled": "已取消", "refunded": "已退款",
    "open": "进行中", "won": "赢单", "lost": "丢单",
}  # fmt: skip
CHANGES = {"added": "新增", "changed": "更正", "withdrawn": "撤回"}
WEEKDAYS = ("Mon 周一", "Tue 周二", "Wed 周三", "Thu 周四", "Fri 周五", "Sat 周六", "Sun 周日")


def both(word: str | None, names: Mapping[str, str]) -> str:
    """Return `forward 前进`; the word alone if it has no name; '' for None."""
    return " ".join(filter(None, (word, names.get(word or ""))))


def joined(*parts: str | None) -> str:
    """Join the parts that are not empty with spaces."""
    return " ".join(filter(None, parts))


def count(number: int, what: str) -> str:
    """Return `1 event` or `2 events`."""
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def number(value: Decimal) -> str:
    """Format a decimal without trailing zeros, which the scale of its column adds."""
    return f"{value.normalize():f}" if value else "0"


def money(amount: Decimal, currency: str) -> str:
    """Format an amount, as 1,274.83 CNY."""
    return f"{amount:,.2f} {currency}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Format a UTC moment in local time, as 2026-05-01 10:00."""
    return f"{at.replace(tzinfo=UTC).astimezone(zone):%Y-%m-%d %H:%M}"


def clock(at: datetime | None, zone: ZoneInfo) -> str:
    """Format the local time of a UTC moment, as 10:00; '' for None."""
    return moment(at, zone)[11:] if at else ""


def local_day(at: datetime | None, zone: ZoneInfo) -> str:
    """Format the business date of a UTC moment; '?' for None."""
    return moment(at, zone)[:10] if at else "?"
