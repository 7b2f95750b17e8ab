"""The rows of the tables that invitations are made by: what each field may hold."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from siyu.seeds.rule_rows import MANY, MAX_POINTS, Text, Whole

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(value: str | None) -> str:
    try:
        if value is None or not DATE.fullmatch(value):
            raise ValueError(value)
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("told", "wrong", {"fix": "write a day such as 2026-07-15.", "why": ""}) from None
    return value


Day = Annotated[str, BeforeValidator(_day)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(_Row):
    """A coming event. Topic, product line, place, role and campaign are checked against the other tables."""

    event_id: Text
    event_date: Day
    form: Literal["online", "offline"]
    place: Text | None
    topic: Text | None
    product_line: Text | None
    seats: Annotated[str, Whole(1, MANY)]
    inviting_role: Text
    audience: Literal["prospects", "customers", "people", "partners"] | None
    name_zh: str | None
    name_en: str | None


class InvitePoint(_Row):
    """Points for a condition of a part. `leaves_out` keeps people away, whatever their other points."""

    part: Literal["topic", "product", "form", "place", "activity", "stage"]
    condition: Text
    points: Annotated[str, Whole(0, MAX_POINTS)]
    leaves_out: Literal["true", "false"]
    why_zh: Text
    why_en: Text


class InviteReason(_Row):
    """Why somebody is not invited. Only the names may be changed."""

    reason: Literal[
        "erased", "learner", "competitor", "bot", "staff", "kept_out", "wrong_audience", "too_far",
        "already_registered", "unreachable", "no_consent", "fatigued", "no_seat",
    ]  # fmt: skip
    name_zh: Text
    name_en: Text
