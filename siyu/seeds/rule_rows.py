"""The rows of the journey's rule tables: what each field may hold, and how to fix a wrong value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from siyu.errors import nearest
from siyu.seeds.identifier_types import NAME
from siyu.seeds.patterns import pattern_problem

DECIMAL = re.compile(r"(0|[1-9][0-9]{0,8})([.][0-9]{1,2})?")  # points are decimal(10, 2)
WHOLE = re.compile(r"0|[1-9][0-9]{0,8}")
DOMAIN = re.compile(r"[^\s@.]+([.][^\s@.]+)+")
MANY = 100_000
MOST = 999_999_999
MAX_POINTS = 1000
MAX_STEPS = 6  # of a sequence: SQL needs a window for each
MAX_STEP_NO = 1000
Behaviour = Literal["view", "download", "register", "attend", "interact", "purchase", "service"]
BEHAVIOURS = get_args(Behaviour)


def _wrong(fix: str, why: str = "") -> PydanticCustomError:
    return PydanticCustomError("told", "wrong", {"fix": fix, "why": why})


def fits(pattern: re.Pattern[str], fix: str) -> BeforeValidator:
    """Return a check that a field matches a pattern as a whole."""

    def check(value: str | None) -> str:
        if value is None or not pattern.fullmatch(value):
            raise _wrong(fix)
        return value

    return BeforeValidator(check)


def _between(pattern: re.Pattern[str], low: int, high: int) -> BeforeValidator:
    def check(value: str | None) -> str:
        if value is None or not pattern.fullmatch(value) or not low <= Decimal(value) <= high:
            raise _wrong(in_words(low, high, pattern))
        return value

    return BeforeValidator(check)


def in_words(low: int, high: int, pattern: re.Pattern[str] = WHOLE) -> str:
    """Return the fix for a field that must hold a number."""
    if pattern is WHOLE:
        return f"write a whole number from {low} to {high}."
    return f"write a number from {low} to {high} with at most 2 digits after the point."


def _pattern(value: str | None) -> str:
    problem = pattern_problem(value) if value else ("", "write a regular expression.")
    if problem:
        raise _wrong(problem[1], problem[0])
    return str(value)


Whole = partial(_between, WHOLE)
Points = Annotated[str, _between(DECIMAL, 0, MAX_POINTS)]
Name = Annotated[str, fits(NAME, "use lower case, digits and _.")]
Text = Annotated[str, fits(re.compile(r"\S(.*\S)?", re.DOTALL), "write a text without spaces before or after it.")]
Domain = Annotated[str, fits(DOMAIN, "write the domain alone, such as example.com.")]
Pattern = Annotated[str, BeforeValidator(_pattern)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Explained(_Row):
    why: str | None


class Stage(_Row):
    """A stage of the journey. Only its names may be changed."""

    stage: Literal["visitor", "potential", "profiled", "intent", "pending", "won"]
    stage_rank: Annotated[str, Whole(1, 6)]
    name_zh: Text
    name_en: Text


class StageRule(_Explained):
    """A number that decides when people move between stages."""

    rule: Literal["potential_views", "potential_days", "intent_score", "intent_behaviours", "back_to_rank", "lead_rank"]
    value: str | None


class Threshold(_Explained):
    """A number that scores, exclusions and tags use, with the limits that it must keep."""

    threshold: Name
    value: str | None
    min: Annotated[str, Whole(0, MOST)]
    max: Annotated[str, Whole(0, MOST)]
    unit: str | None


class ScoreRule(_Explained):
    """Points for a kind of touch. A general row has no action, content_stage or channel, but has the daily cap."""

    rule: Text
    behaviour: Behaviour
    action: Text | None
    content_stage: Literal["awareness", "nurture", "selection", "advocacy"] | None
    channel: Name | None
    points: Points
    day_cap: Annotated[str, _between(DECIMAL, 0, MANY)] | None


class SequenceRule(_Explained):
    """What counts as a step of a sequence. Several rows of the same step are alternatives."""

    sequence: Name
    step_no: Annotated[str, Whole(1, MAX_STEPS)]
    behaviour: Behaviour | None
    action: Text | None
    within_days: Annotated[str, Whole(1, 365)]
    points: Points
    name_zh: Text


class AskLevel(_Row):
    """How much a call to action asks for."""

    ask_level: Annotated[str, Whole(1, 5)]
    name_zh: Text
    name_en: Text
    points: Points


class CallToAction(_Row):
    """The action that a campaign asks for."""

    campaign_id: Text
    ask_level: Annotated[str, Whole(1, 5)]
    action: Text


class ExclusionRule(_Explained):
    """A rule that excludes people as leads, or allows them in spite of other rules. `value` depends on `signal`."""

    rule: Name
    kind: Literal["learner", "competitor", "bot", "staff", "partner"]
    effect: Literal["exclude", "allow"]
    signal: Literal[
        "title", "email_domain", "user_agent", "account_type", "listed_competitor", "own_domain", "touches_per_minute",
        "touches_without_pause", "free_content", "identifier",
    ]  # fmt: skip
    value: str | None


class ScenarioStep(_Row):
    """Evidence for a step of a scenario. Several rows of the same step are alternatives."""

    scenario: Name
    step_no: Annotated[str, Whole(1, MAX_STEP_NO)]
    step: Name
    name_zh: Text
    name_en: Text
    is_entry: Literal["true", "false"]
    source: Literal["touch", "link", "deal", "second_deal", "opportunity", "conversation"]
    behaviour: Behaviour | None
    action: Text | None
    touchpoint: Text | None
    scene: Text | None


class BuyingRole(_Explained):
    """Job titles that indicate a role. If several rows match, the lowest role_order wins."""

    role_order: Annotated[str, Whole(1, 9)]  # one digit: sorted as text, 10 would come before 2
    buying_role: Literal["user", "influencer", "decision_maker", "buyer"]
    name_zh: Text
    title_regex: Pattern


class Competitor(_Row):
    """A competitor, given by name or by mail domain."""

    kind: Literal["company_name", "email_domain"]
    value: Text


class OwnDomain(_Row):
    """A mail domain of our own company."""

    email_domain: Domain


class Content(_Row):
    """An item that people see. If it were listed twice, each touch of it would count twice."""

    content_id: Text
    content_stage: Literal["awareness", "nurture", "selection", "advocacy"] | None
    topic: str | None
    format: str | None
    product_id: str | None


class SincereAction(_Explained):
    """An action that is enough to show an intent to buy."""

    action: Text


def field_problems(model: type[BaseModel], cells: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return a (problem, fix) for each wrong field of a row. An empty field counts as missing."""
    try:
        model.model_validate({name: value or None for name, value in cells.items()})
    except ValidationError as error:
        return [_in_plain_words(detail) for detail in error.errors()]
    return []


def _in_plain_words(detail: ErrorDetails) -> tuple[str, str]:
    """Return (problem, fix) for an error of pydantic."""
    field, value, context = str(detail["loc"][0]), detail["input"], detail.get("ctx", {})
    problem = f"{field} is empty" if value is None else f"{field} is {value!r}"
    if detail["type"] == "literal_error":
        return problem, nearest(value or "", re.findall("'([^']*)'", context["expected"]))
    return f"{problem}, {context['why']}" if context["why"] else problem, context["fix"]
