"""The rows of the tables that audiences are written in: what each field may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.seeds.rule_rows import Name, Text, Whole

MAX_STEPS = 6  # of a playbook: six touches
Basis = Literal["link", "granted", "not_refused", "never"]
Answer = Literal["true", "false"]
Days = Annotated[str, Whole(0, 3650)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ConsentRule(_Row):
    """Which consent a touchpoint needs, for advertising and for what somebody asked for."""

    touchpoint: Name
    marketing_basis: Basis
    personal_basis: Basis
    why: str | None


class NextActionRule(_Row):
    """When a person gets an action, and which one. Lists are checked in audience_tables; an empty condition holds."""

    rule: Name
    kind: Literal[
        "send_content", "follow_up", "hand_off", "resolve_ticket", "invite", "win_back", "rebuy", "ask_referral"
    ]
    priority: Annotated[str, Whole(1, 9999)]
    audience: str | None
    stage: str | None
    need_status: str | None
    open_ticket: str | None
    churn_risk: str | None
    renewal_due: str | None
    repurchase_status: str | None
    advocacy: str | None
    has_cross_sell_gap: Answer | None
    handoff_status: str | None
    is_invited: Answer | None
    is_sop_due: Answer | None
    is_dormant: Answer | None
    silent_days_from: Days | None
    our_touches_to: Annotated[str, Whole(0, 1000)] | None
    touchpoint: str | None
    due_days: Days
    owner_role: Literal["sdr", "sales", "service"]
    why_zh: Text
    why_en: Text


class SopStep(_Row):
    """A step of the playbook of a scenario: on which day after the entry, over which touchpoint, in which format."""

    scenario: Name
    step_no: Annotated[str, Whole(1, MAX_STEPS)]
    day: Days
    touchpoint: str | None
    content_format: Text | None
    name_zh: Text
    name_en: Text
