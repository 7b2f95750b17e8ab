"""The rows of the tables that tags are written in: what each field may hold."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.seeds.rule_rows import Name, Pattern, Text, Whole, fits

LEVELS = ("person", "account", "person, account")
BORDER = re.compile(r"-?(0|[1-9][0-9]{0,8})([.][0-9]{1,4})?")
SHARE = re.compile(r"0|1|0[.][0-9]{1,4}")
Border = Annotated[str, fits(BORDER, "write a number such as 8, -10 or 0.5; leave it empty for no border.")]
Order = Annotated[str, Whole(1, 1000)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Tag(_Row):
    """A tag. `requires` and `values_from` are checked against the other tables in tag_tables."""

    tag_code: Name
    class_no: Annotated[str, fits(re.compile("[0-9]{2}"), "write the number of the class with two digits, such as 14.")]
    class_name: Name | None = None
    name_zh: Text
    name_en: Text
    level: Literal["person", "account", "person, account"]
    kind: Literal["attribute", "interest", "activity"]
    mode: Literal["static", "dynamic"]
    is_multi: Literal["true", "false"]
    applies_to: Text
    requires: Text | None
    values_from: Text | None
    rare_values: Text | None
    min_coverage: Annotated[str, fits(SHARE, "write a share from 0 to 1, such as 0.4, or leave it empty.")] | None
    decision: Text
    rule: Text


class TagValue(_Row):
    """A value of a tag, with its place among the values."""

    tag_code: Name
    tag_value: Text
    value_order: Order
    name_zh: Text
    name_en: Text


class TagBand(BaseModel):
    """A band of a banded tag: from <= number < to."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    tag_code: Name
    band: Text
    order: Order


class TagScope(_Row):
    """To whom tags apply. Its column is_<scope> is in person_scope or account_scope."""

    scope: Name
    level: Literal["person", "account"]
    name_zh: Text
    name_en: Text


class JobFunction(_Row):
    """Job titles of a function. If several rows match, the lowest function_order wins."""

    function_order: Order
    job_function: Name
    name_zh: Text
    name_en: Text
    title_regex: Pattern


class Seniority(_Row):
    """Job titles of a level. If several rows match, the lowest seniority_order wins."""

    seniority_order: Order
    seniority: Name
    name_zh: Text
    name_en: Text
    title_regex: Pattern


class PartnerKind(_Row):
    """The kind of partner that an account type of the CRM stands for."""

    account_type: Text
    partner_kind: Name


class DecisionFactor(_Row):
    """What shows that a factor matters to a person, and how much."""

    factor_order: Order
    decision_factor: Name
    source: Literal["topic", "action", "ticket"]
    value: Text
    weight: Annotated[str, Whole(1, 1000)]


class EventForm(_Row):
    """Whether an action takes place online or offline."""

    action: Text
    form: Literal["online", "offline"]


class TouchpointMedium(_Row):
    """The touchpoint that a medium belongs to."""

    medium: Text
    touchpoint: Name


class RfmSegment(_Row):
    """The segment of buyers with the same three answers."""

    is_recent: Literal["true", "false"]
    is_frequent: Literal["true", "false"]
    is_monetary: Literal["true", "false"]
    rfm_segment: Name
    segment_order: Order
    name_zh: Text
    name_en: Text


class Touchpoint(_Row):
    """A way to reach people."""

    touchpoint: Name
    name_zh: Text
    name_en: Text
    is_owned: Literal["true", "false"]
    touchpoint_order: Order
