"""The tables that audiences are written in (consent_rules.csv, next_action_rules.csv, sop_steps.csv), validated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds import audience_rows
from siyu.seeds.alias_tables import BAR
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import WHOLE
from siyu.seeds.rule_tables import step_gaps
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table, grouped

AUDIENCES = ("prospect", "customer", "partner")
SOLD_TO = AUDIENCES[:2]
HANDOFF_STATUSES = ("open", "accepted", "returned", "won", "lost")
TAGS = ("need_status", "open_ticket", "churn_risk", "renewal_due", "repurchase_status", "advocacy")
SEPARATE = f"Separate several values with {BAR}."
# What a rule may not ask for if it has to find everybody who is silent and heard little from us.
NARROWING = ("stage", *TAGS, "has_cross_sell_gap", "handoff_status", "is_invited", "is_sop_due", "is_dormant",
             "touchpoint")  # fmt: skip


def _next_action_rule(row: Cells, _: IdentifierTypes) -> Found:
    kind = row["kind"]
    if kind == "hand_off" and row["handoff_status"] != "open":
        yield (
            f"kind is hand_off and handoff_status is {row['handoff_status']!r}",
            "write open: the action is to take a lead that waits, and its owner and time come from that hand-off.",
        )
    if kind == "invite" and row["is_invited"] != "true":
        yield "kind is invite, but is_invited is not true", "write true: invite_list says who is invited, and where."
    if kind == "invite" and row["is_sop_due"]:
        yield f"kind is invite and is_sop_due is {row['is_sop_due']!r}", "leave one of the two to a rule of its own."
    if row["touchpoint"] and (kind == "invite" or row["is_sop_due"] == "true"):
        source = "the invitation" if kind == "invite" else "the step in sop_steps.csv"
        yield f"touchpoint is {row['touchpoint']!r}", f"leave it empty: {source} names the touchpoint."


def _playbooks(rows: Rows) -> FoundAt:
    """Report missing steps, and steps that are due before the step before them."""
    yield from step_gaps(rows, "scenario", least=1)
    for (scenario,), members in grouped(rows, ("scenario",)).items():
        numbered = [
            (int(row["step_no"]), int(row["day"]), number)
            for number, row in members
            if WHOLE.fullmatch(row["step_no"]) and WHOLE.fullmatch(row["day"])
        ]
        for (before, early, _), (step, day, number) in pairwise(sorted(numbered)):
            if day < early:
                yield (
                    number,
                    f"step {step} of {scenario} is on day {day}, step {before} on day {early}",
                    f"write {early} or a later day.",
                )


AUDIENCE_TABLES = {
    "consent_rules": Table(audience_rows.ConsentRule, (("touchpoint",),)),
    "next_action_rules": Table(audience_rows.NextActionRule, (("rule",),), of_row=_next_action_rule),
    "sop_steps": Table(audience_rows.SopStep, (("scenario", "step_no"),), of_all=_playbooks),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in AUDIENCE_TABLES.items()}


def audience_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every value of the tables that other tables do not know, and what is missing."""
    rows = {name: reference_rows(table) for name, table in tables.items()}
    points = [row["touchpoint"] for row in rows["touchpoints"]]
    allowed = _lists(rows, points)
    found = [*_unknown_columns(tables), *_consents(tables, rows, points)]
    for name in ("next_action_rules", "sop_steps"):
        for number, row in enumerate(rows[name], start=2):
            for problem, fix in _unknown_values(row, allowed):
                found.append(ConfigError(f"{name}: {problem}", tables[name].place(number), fix))
    scenarios = {row["scenario"] for row in rows["scenario_steps"]}
    for number, row in enumerate(rows["sop_steps"], start=2):
        if row["scenario"] not in scenarios:
            fix = nearest(row["scenario"], scenarios) or "add it to scenario_steps.csv, or remove the playbook."
            problem = f"sop_steps: {row['scenario']} is not a scenario of scenario_steps.csv"
            found.append(ConfigError(problem, tables["sop_steps"].place(number), fix))
    return [*found, *_net(tables["next_action_rules"], rows)]


def _lists(rows: Mapping[str, list[dict[str, str]]], points: Collection[str]) -> dict[str, Collection[str]]:
    """Return the values that each column with a list may hold."""
    values: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for row in rows["tag_values"]:
        values.setdefault(row["tag_code"], []).append(row["tag_value"])
    return {
        "audience": AUDIENCES,
        "stage": [row["stage"] for row in rows["stages"]],
        **{tag: values[tag] for tag in TAGS},
        "handoff_status": HANDOFF_STATUSES,
        "touchpoint": points,
    }


def _unknown_values(row: Cells, allowed: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    for column, values in allowed.items():
        listed = row[column].split(BAR) if row.get(column) else []
        for value in dict.fromkeys(value for value in listed if value not in values):
            yield f"{column} names {value!r}, which does not exist", f"{nearest(value, values)} {SEPARATE}".strip()


def _unknown_columns(tables: Mapping[str, Reference]) -> Iterator[SiyuError]:
    """Report columns that no model reads: a condition in a misspelt column would hold for everybody."""
    for name in ("next_action_rules", "sop_steps"):
        for column in tables[name].columns:
            if column not in COLUMNS[name]:
                fix = nearest(column, COLUMNS[name]) or "remove the column."
                yield ConfigError(f"{name} has the column {column}, which does not exist", tables[name].edited, fix)


def _consents(
    tables: Mapping[str, Reference], rows: Mapping[str, list[dict[str, str]]], points: Collection[str]
) -> Iterator[SiyuError]:
    table = tables["consent_rules"]
    ruled = [row["touchpoint"] for row in rows["consent_rules"]]
    for number, point in enumerate(ruled, start=2):
        if point not in points:
            yield ConfigError(
                f"consent_rules: {point} is not a touchpoint", table.place(number), nearest(point, points)
            )
    for point in points:
        if point not in ruled:
            yield ConfigError(
                f"consent_rules: {point} of touchpoints.csv is missing",
                table.edited,
                f"add a row for {point}: without one, nobody is contacted over it. never forbids it.",
            )


def _net(table: Reference, rows: Mapping[str, list[dict[str, str]]]) -> Iterator[SiyuError]:
    """Report that somebody who is silent and heard little from us could be forgotten."""
    limits = {row["threshold"]: row["value"] for row in rows["thresholds"]}
    silent, touches = limits.get("silent_days", ""), limits.get("under_touches", "")
    if WHOLE.fullmatch(silent) and WHOLE.fullmatch(touches):
        if any(_finds_all(row, int(silent), int(touches)) for row in rows["next_action_rules"]):
            return
        yield ConfigError(
            f"next_action_rules: no rule finds everybody who is silent for {silent} days and got at most"
            f" {touches} touches of ours",
            table.edited,
            f"let a rule of kind follow_up, such as under_touched_call, have the audience {BAR.join(SOLD_TO)},"
            f" silent_days_from {silent} or less, our_touches_to {touches} or more, and no other condition.",
        )


def _finds_all(row: Cells, silent: int, touches: int) -> bool:
    days, most = row["silent_days_from"] or "0", row["our_touches_to"] or str(touches)
    return (
        row["kind"] == "follow_up"
        and (not row["audience"] or set(SOLD_TO) <= set(row["audience"].split(BAR)))
        and not any(row[column] for column in NARROWING)
        and all(WHOLE.fullmatch(number) for number in (days, most))
        and int(days) <= silent
        and int(most) >= touches
    )
