"""The lists that people work through: their tables, columns, words and order.

What `siyu list` assumes about the tables of schema audience is in this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "moment", "day", "flag"]

STEPS = {"marketing_to_sdr": "市场转SDR", "sdr_to_sales": "SDR转销售"}
STATUSES = {"open": "待接收", "accepted": "已接收", "returned": "已退回", "won": "赢单", "lost": "丢单"}
REASONS = {"data": "数据", "rule": "规则", "identity": "身份"}
RETURNS = {"lost": "丢单", "refunded": "全额退款"}
KINDS = {
    "send_content": "发送内容", "follow_up": "跟进", "hand_off": "转交线索", "resolve_ticket": "处理工单",
    "invite": "邀请", "win_back": "挽回", "rebuy": "复购", "ask_referral": "请求推荐",
}  # fmt: skip

# Vocabulary, which is a reference table -> its column of codes. A code that has no name there is shown alone.
REFERENCE_WORDS = {
    "staff": "staff_id", "touchpoints": "touchpoint", "content": "content_id", "handoff_rules": "rule",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A column of a list: its name, labels, and SQL over the tables l (list), p (person), a (company), e (event).

    `words` names the vocabulary of its codes. `is_head` puts it on the first line of a person on a terminal.
    `is_optional` leaves it out if the table of the release has no such column. A personal column has no expression
    other than <table>.<column>, because a masked column takes its place.
    """

    name: str
    en: str
    zh: str
    sql: str
    kind: Kind = "text"
    words: str = ""
    is_personal: bool = False
    is_head: bool = False
    is_optional: bool = False
    width: int = 14

    @property
    def label(self) -> str:
        """The label in English and Chinese."""
        return f"{self.en} {self.zh}"


@dataclass(frozen=True)
class Sheet:
    """A list. `open_rows` is the condition of the rows that wait for work, if the table has others."""

    name: str
    title: str
    table: str
    owner: str
    order: str
    fields: tuple[Field, ...]
    open_rows: str = ""
    joins_event: bool = False


def _owner(column: str, en: str = "owner", zh: str = "负责人") -> Field:
    return Field(column, en, zh, f"l.{column}", words="staff", is_head=True)


PERSON = (
    Field("full_name", "person", "客户", "p.full_name", is_personal=True, is_head=True),
    Field("title", "title", "职位", "p.title", is_head=True),
    Field(
        "company_name", "company", "公司", "coalesce(a.company_name, a.email_domain, p.company_name)",
        is_head=True, width=28,
    ),
    Field("mobile", "mobile", "手机", "p.mobile", is_personal=True, is_head=True, width=16),
    Field("email", "mail", "邮箱", "p.email", is_personal=True, is_head=True, width=26),
)  # fmt: skip
ONE_ID = Field("one_id", "ID", "统一身份", "l.one_id", width=24)
WHY = (
    Field("why_zh", "why in Chinese", "原因", "l.why_zh", is_optional=True, width=40),
    Field("why_en", "why", "英文原因", "l.why_en", is_optional=True, width=40),
)

HANDOFF = Sheet(
    "handoff", "hand-offs 线索交接", "lead_handoff", "owner_staff",
    "l.is_overdue desc nulls last, l.due_at nulls last, l.score desc nulls last, l.one_id, l.step",
    (
        _owner("owner_staff"),
        Field("step", "step", "环节", "l.step", words="steps", is_head=True, width=26),
        Field("due_at", "due", "应接收时间", "l.due_at", "moment", is_head=True, width=18),
        Field("is_overdue", "overdue", "超时", "l.is_overdue", "flag", is_head=True, width=10),
        *PERSON,
        Field("status", "status", "状态", "l.status", words="statuses"),
        Field("reason", "why", "原因", "l.reason", words="handoff_rules", width=24),
        Field("channel", "channel", "渠道", "l.channel"),
        Field("qualified_at", "qualified", "达标时间", "l.qualified_at", "moment", width=18),
        Field("score", "score", "评分", "l.score", "number", width=10),
        Field("behaviour_score", "of behaviours", "行为分", "l.behaviour_score", "number"),
        Field("sequence_score", "of sequences", "序列分", "l.sequence_score", "number"),
        Field("call_score", "of calls to action", "行动号召分", "l.call_score", "number"),
        Field("last_touch_at", "last touch", "最近触点", "l.last_touch_at", "moment", width=18),
        Field("sales_territory", "territory", "销售区域", "l.sales_territory"),
        Field("return_reason", "returned because", "退回原因", "l.return_reason", words="returns", width=20),
        ONE_ID,
    ),
    open_rows="l.status = 'open'",
)  # fmt: skip

INVITE = Sheet(
    "invite", "invitations 邀约名单", "invite_list", "inviter_staff",
    "e.event_date nulls last, l.event_id, l.invite_no, l.one_id",
    (
        Field("event_id", "event", "活动", "l.event_id", words="events", is_head=True, width=30),
        Field("event_date", "date", "日期", "e.event_date", "day", is_head=True, width=12),
        Field("invite_no", "rank", "顺序", "l.invite_no", "number", is_head=True, width=8),
        *PERSON,
        _owner("inviter_staff", "inviter", "邀请人"),
        Field("touchpoint", "touchpoint", "触点", "l.touchpoint", words="touchpoints", is_head=True, width=18),
        *WHY,
        Field("score", "score", "得分", "l.score", "number", width=10),
        Field("topic_points", "of the topic", "主题分", "l.topic_points", "number"),
        Field("product_points", "of the product", "产品分", "l.product_points", "number"),
        Field("form_points", "of the form", "形式分", "l.form_points", "number"),
        Field("place_points", "of the place", "地点分", "l.place_points", "number"),
        Field("activity_points", "of activity", "活跃分", "l.activity_points", "number"),
        Field("stage_points", "of the stage", "阶段分", "l.stage_points", "number"),
        ONE_ID,
    ),
    joins_event=True,
)  # fmt: skip

NEXT_ACTION = Sheet(
    "next-action", "next actions 下一步行动", "next_action", "owner_staff",
    "l.priority, l.due_date nulls last, l.one_id",
    (
        _owner("owner_staff"),
        Field("priority", "priority", "优先级", "l.priority", "number", is_head=True, width=10),
        Field("kind", "action", "行动", "l.kind", words="kinds", is_head=True, width=24),
        Field("due_date", "due", "截止日期", "l.due_date", "day", is_head=True, width=14),
        *PERSON,
        Field("touchpoint", "touchpoint", "触点", "l.touchpoint", words="touchpoints", is_head=True, width=18),
        *WHY,
        Field("content_id", "content", "内容", "l.content_id", words="content", width=40),
        Field("event_id", "event", "活动", "l.event_id", words="events", width=30),
        Field("scenario", "playbook", "剧本", "l.scenario", width=18),
        Field("step_no", "step of the playbook", "剧本步骤", "l.step_no", "number", width=10),
        ONE_ID,
    ),
)  # fmt: skip

SEGMENT = Sheet(
    "segment", "segment 人群", "segment_member", "owner_staff",
    "l.since_date desc nulls last, l.one_id",
    (
        *PERSON,
        Field("since_date", "member since", "加入日期", "l.since_date", "day", is_head=True, width=14),
        _owner("owner_staff"),
        Field("reason", "came by", "加入原因", "l.reason", words="reasons", is_optional=True),
        *WHY,
        ONE_ID,
    ),
)  # fmt: skip

SHEETS = {sheet.name: sheet for sheet in (HANDOFF, INVITE, NEXT_ACTION, SEGMENT)}

SCHEMA = "audience"
SEGMENT_FACTS = (
    "segment, name_zh, name_en, purpose, owner, audience, person_count, person_count_before, came_count, went_count"
)
EVENT_DATE = "event_date"
NAMES = ("name_zh", "name_en")  # columns of the names of a code, in all tables
