"""The tables of the hand-off of leads (handoff_rules.csv, sla.csv, territory_staff.csv), validated before a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import WHOLE, Behaviour, Name, Text, Whole
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table

Step = Literal["marketing_to_sdr", "sdr_to_sales"]
Urgency = Literal["urgent", "normal"]
ROLES = ("sdr", "sales", "service")
TOUCH_FIELDS = ("behaviour", "action", "channel", "medium", "direction", "outcome")
NARROW_FIELDS = ("behaviour", "action", "channel", "medium")
FIELDS = {"touch": TOUCH_FIELDS, "link": ("touchpoint",), "stage": ("stage",)}  # what a source is known by
MAX_HOURS = 8760


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class HandoffRule(_Row):
    """What qualifies a person for a step. Several rows of a rule are alternatives."""

    rule_order: Annotated[str, Whole(1, 1000)]
    rule: Name
    step: Step
    source: Literal["touch", "sincere_action", "conversation", "ticket", "referral", "link", "stage", "opportunity"]
    behaviour: Behaviour | None
    action: Text | None
    channel: Name | None
    medium: Text | None
    direction: Literal["inbound", "outbound"] | None
    outcome: Literal["sent", "delivered", "clicked", "replied", "answered", "failed"] | None
    touchpoint: Text | None
    stage: Literal["visitor", "potential", "profiled", "intent", "pending", "won"] | None
    times: Annotated[str, Whole(1, 100)]
    after: Literal["marketing_to_sdr"] | None
    urgency: Urgency
    name_zh: Text
    name_en: Text
    why: Text


class Sla(_Row):
    """Within how many hours a lead should be accepted."""

    step: Step
    urgency: Urgency
    hours_to_accept: Annotated[str, Whole(1, MAX_HOURS)]
    why: Text


class TerritoryStaff(_Row):
    """A member of staff who looks after a sales territory."""

    territory: Text
    staff_id: Text


def _handoff_rule(row: Cells, _: IdentifierTypes) -> Found:
    source = row["source"]
    own = FIELDS.get(source, ())
    if source == "touch" and not any(row[name] for name in NARROW_FIELDS):
        yield (
            f"{', '.join(NARROW_FIELDS)} are empty",
            "fill in at least one: a rule must not match every touch.",
        )
    elif source in ("link", "stage") and not row[own[0]]:
        yield f"{own[0]} is empty", f"write it: source {source} is known by its {own[0]}."
    others = [name for fields in FIELDS.values() for name in fields if name not in own and row[name]]
    if source and others:
        yield f"{', '.join(others)} filled in for source {source}", f"leave empty: source {source} does not use it."
    if row["after"] and row["after"] == row["step"]:
        yield f"after is {row['after']!r} in a rule of that step", "leave it empty: only a later step comes after it."


def _every_step(rows: Rows) -> FoundAt:
    for step in get_args(Step):
        if all(row["step"] != step or row["after"] for _, row in rows):
            yield None, f"{step} has no rule without after", "add a rule: nobody would be handed over."


def _deadlines(rows: Rows) -> FoundAt:
    """Report missing deadlines, and urgent leads that have more time than others."""
    hours = {(row["step"], row["urgency"]): (number, row["hours_to_accept"]) for number, row in rows}
    for step, urgency in product(get_args(Step), get_args(Urgency)):
        if (step, urgency) not in hours:
            yield None, f"{step} has no deadline for {urgency} leads", "add a row with hours_to_accept."
    for step in get_args(Step):
        number, urgent = hours.get((step, "urgent"), (None, ""))
        normal = hours.get((step, "normal"), (None, ""))[1]
        if WHOLE.fullmatch(urgent) and WHOLE.fullmatch(normal) and int(urgent) > int(normal):
            yield (
                number,
                f"urgent leads of {step} have {urgent} hours, others {normal}",
                f"write at most {normal} hours.",
            )


HANDOFF_TABLES = {
    "handoff_rules": Table(
        HandoffRule,
        (("rule_order",),),
        (("rule",), ("step", "times", "after", "urgency", "name_zh", "name_en")),
        of_row=_handoff_rule,
        of_all=_every_step,
    ),
    "sla": Table(Sla, (("step", "urgency"),), of_all=_deadlines),
    "territory_staff": Table(TerritoryStaff, (("territory", "staff_id"),)),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in HANDOFF_TABLES.items()}


def handoff_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every value of the tables of the hand-off that other tables do not know."""
    rows = {name: reference_rows(tables[name]) for name in ("touchpoints", "territories", "staff")}
    points = {row["touchpoint"] for row in rows["touchpoints"]}
    territories = {row["territory"] for row in rows["territories"]} - {""}
    roles = {row["staff_id"]: row["role"] for row in rows["staff"]}
    found: list[SiyuError] = []
    for number, row in enumerate(reference_rows(tables["handoff_rules"]), start=2):
        if row["touchpoint"] and row["touchpoint"] not in points:
            problem = f"handoff_rules: {row['touchpoint']} is not a touchpoint of touchpoints.csv"
            place = tables["handoff_rules"].place(number)
            found.append(ConfigError(problem, place, nearest(row["touchpoint"], points)))
    for number, row in enumerate(reference_rows(tables["territory_staff"]), start=2):
        for problem, fix in _territory_problems(row, territories, roles):
            found.append(ConfigError(f"territory_staff: {problem}", tables["territory_staff"].place(number), fix))
    return found


def _territory_problems(row: Cells, territories: set[str], roles: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    territory, staff_id = row["territory"], row["staff_id"]
    if territory and territory not in territories:
        fix = nearest(territory, territories) or "add it to territories.csv."
        yield f"{territory} is not a territory of territories.csv", fix
    if staff_id and staff_id not in roles:
        fix = nearest(staff_id, roles) or "add the member of staff to staff.csv, or remove the row."
        yield f"{staff_id} is not in staff.csv", fix
    elif staff_id and roles[staff_id] not in ROLES:
        yield (
            f"{staff_id} has the role {roles[staff_id]!r} in staff.csv",
            f"remove the row: only the roles {', '.join(ROLES)} own people.",
        )
