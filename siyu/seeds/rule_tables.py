"""The rule tables of the journey, validated before anything is built: fields, rows, and rows against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import pairwise

from siyu.seeds import rule_rows
from siyu.seeds.decisions import wrong_identifier
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.patterns import pattern_problem
from siyu.seeds.rule_rows import BEHAVIOURS, DECIMAL, DOMAIN, MANY, MAX_STEP_NO, MOST, WHOLE, in_words
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table, grouped

STAGES = ("visitor", "potential", "profiled", "intent", "pending", "won")
# name -> greatest value; the least value is 1
STAGE_RULES = {
    "potential_views": MANY, "potential_days": MANY, "intent_score": MANY, "intent_behaviours": len(BEHAVIOURS),
    "back_to_rank": len(STAGES), "lead_rank": len(STAGES),
}  # fmt: skip
LEVELS = tuple("12345")
SIGNAL_LIMITS = {"touches_per_minute": (2, MANY), "touches_without_pause": (2, MANY), "free_content": (1, MANY)}
PATTERN_SIGNALS = ("title", "email_domain", "user_agent")
LIST_SIGNALS = {"listed_competitor": "competitors.csv", "own_domain": "own_domains.csv"}
OVERRULING = ("title", "email_domain", "account_type", "identifier")
TOUCH_FIELDS = ("behaviour", "action", "scene")
KNOWN_BY_TOUCH = (*TOUCH_FIELDS, "touchpoint")


def _numbers(name: str, limits: Mapping[str, int]) -> Callable[[Cells, IdentifierTypes], Found]:
    """Return a check for the values of a table of named numbers."""

    def check(row: Cells, _: IdentifierTypes) -> Found:
        if row[name] in limits and not _is_within(row["value"], 1, limits[row[name]]):
            yield f"{row[name]} is {row['value']!r}", in_words(1, limits[row[name]])

    return check


MAX_HALVINGS = 8  # decimal(8, 7) holds 0.5 ** 7 exactly, but not 0.5 ** 8


def _threshold(row: Cells, _: IdentifierTypes) -> Found:
    if WHOLE.fullmatch(row["min"] or "") and WHOLE.fullmatch(row["max"] or ""):
        low, high = int(row["min"]), int(row["max"])
        if low > high:
            yield f"min is {low} and max is {high}", "write the lower limit as min."
        elif not _is_within(row["value"], low, high):
            yield f"{row['threshold']} is {row['value']!r}", in_words(low, high)
    if row["threshold"] == "score_halvings" and _is_within(row["max"] or "", MAX_HALVINGS + 1, MOST):
        yield f"max is {row['max']}", f"write at most {MAX_HALVINGS}: more halvings cannot be computed exactly."


def _is_within(text: str, low: int, high: int) -> bool:
    return WHOLE.fullmatch(text) is not None and low <= int(text) <= high


def _number(text: str) -> Decimal | None:
    return Decimal(text) if DECIMAL.fullmatch(text) else None


def _stage(row: Cells, _: IdentifierTypes) -> Found:
    if row["stage"] in STAGES:
        rank = STAGES.index(row["stage"]) + 1
        if row["stage_rank"] != str(rank):
            yield f"{row['stage']} has the rank {row['stage_rank']!r}", f"write {rank}: only names may be changed here."


def _is_general(row: Cells) -> bool:
    return not (row["action"] or row["content_stage"] or row["channel"])


def _score_rule(row: Cells, _: IdentifierTypes) -> Found:
    cap, points = _number(row["day_cap"]), _number(row["points"])
    if not _is_general(row):
        if row["day_cap"]:
            yield (
                f"day_cap is {row['day_cap']!r} in a row that covers only a part of {row['behaviour']}",
                "leave it empty; set the cap in the row without action, content_stage and channel.",
            )
    elif not row["day_cap"]:
        yield f"{row['behaviour']} has no day_cap", "write how many points a person can earn with it per day."
    elif cap is not None and points is not None and cap < points:
        yield f"the day_cap {cap} is less than the points {points}", f"set day_cap to at least {points}."


def _general_rows(rows: Rows) -> FoundAt:
    general = {row["behaviour"] for _, row in rows if _is_general(row)}
    for behaviour in BEHAVIOURS:
        if behaviour not in general:
            yield (
                None,
                f"{behaviour} has no general row",
                "add a row with a day_cap and no action, content_stage and channel; points 0 if it earns nothing.",
            )


def _sequence_rule(row: Cells, _: IdentifierTypes) -> Found:
    if not row["behaviour"] and not row["action"]:
        yield "neither behaviour nor action is set", "fill in at least one: a step must not match every touch."
    if _number(row["points"]) == 0:
        yield "the points are 0", "write more than 0, or remove the sequence."


def _sequences(rows: Rows) -> FoundAt:
    yield from step_gaps(rows, "sequence", least=2)


def _scenarios(rows: Rows) -> FoundAt:
    yield from step_gaps(rows, "scenario", least=1)
    entered = {row["scenario"] for _, row in rows if row["is_entry"] == "true"}
    for scenario, group in grouped(rows, ("scenario",)).items():
        if scenario[0] not in entered:
            yield group[0][0], f"nobody can enter {scenario[0]}", "set is_entry to true for one of its steps."


def step_gaps(rows: Rows, name: str, least: int) -> FoundAt:
    """Report missing step numbers, which must run from 1 without gaps, at the first row of each group."""
    for (group, *_), members in grouped(rows, (name,)).items():
        numbers = {int(row["step_no"]) for _, row in members if _is_within(row["step_no"], 1, MAX_STEP_NO)}
        wanted = set(range(1, max(least, *numbers, 1) + 1))
        gaps = ", ".join(map(str, sorted(wanted - numbers)[:10]))
        if gaps:
            yield (
                members[0][0],
                f"{group} has no step {gaps}",
                f"number its steps from 1 without gaps; it needs {least} or more.",
            )


def _falling_points(rows: Rows) -> FoundAt:
    levels = [
        (int(row["ask_level"]), number, points)
        for number, row in rows
        if row["ask_level"] in LEVELS and (points := _number(row["points"])) is not None
    ]
    levels.sort()
    for (low, _, less), (high, number, points) in pairwise(levels):
        if points < less:
            yield (
                number,
                f"level {high} gives {points} points, level {low} gives {less}",
                f"give level {high} at least {less} points: it asks for more.",
            )


def _exclusion_rule(row: Cells, types: IdentifierTypes) -> Found:
    signal, value = row["signal"], row["value"].strip()
    if row["effect"] == "allow" and signal in (*LIST_SIGNALS, *SIGNAL_LIMITS, "user_agent"):
        yield (
            f"{row['rule']} has effect allow and signal {signal}",
            f"use allow only with {', '.join(OVERRULING)}: they tell who somebody is.",
        )
    if signal in LIST_SIGNALS:
        if value:
            yield f"{signal} has the value {value!r}", f"leave value empty: the list is {LIST_SIGNALS[signal]}."
    elif not value:
        yield f"the value of {row['rule']} is empty", f"write the value that {signal or 'the signal'} is compared with."
    elif signal in SIGNAL_LIMITS:
        if not _is_within(row["value"], *SIGNAL_LIMITS[signal]):
            yield f"{signal} is {row['value']!r}", in_words(*SIGNAL_LIMITS[signal])
    elif signal in PATTERN_SIGNALS:
        problem = pattern_problem(row["value"])
        if problem:
            yield f"{signal} is {row['value']!r}, {problem[0]}", problem[1]
    elif signal == "identifier":
        yield from wrong_identifier(value, types)


def _scenario_step(row: Cells, _: IdentifierTypes) -> Found:
    source = row["source"]
    if source == "touch" and not any(row[name] for name in TOUCH_FIELDS):
        yield "behaviour, action and scene are empty", "fill in at least one: a step must not match every touch."
    if source == "touch" and row["touchpoint"]:
        yield f"source is touch, but touchpoint is {row['touchpoint']!r}", "leave it empty: only source link has it."
    if source and source != "touch":
        filled = [name for name in KNOWN_BY_TOUCH if row[name] and (source != "link" or name != "touchpoint")]
        if filled:
            yield f"{', '.join(filled)} filled in for source {source}", f"leave empty: source {source} does not use it."


def _competitor(row: Cells, _: IdentifierTypes) -> Found:
    if row["kind"] == "email_domain" and row["value"] and not DOMAIN.fullmatch(row["value"]):
        yield f"{row['value']!r} is not a mail domain", "write the domain alone, such as example.com."


TABLES = {
    "stages": Table(rule_rows.Stage, (("stage",),), names=STAGES, of_row=_stage),
    "stage_rules": Table(
        rule_rows.StageRule, (("rule",),), names=tuple(STAGE_RULES), of_row=_numbers("rule", STAGE_RULES)
    ),
    "thresholds": Table(rule_rows.Threshold, (("threshold",),), of_row=_threshold),
    "score_rules": Table(
        rule_rows.ScoreRule,
        (("rule",), ("behaviour", "action", "content_stage", "channel")),
        of_row=_score_rule,
        of_all=_general_rows,
    ),
    "sequence_rules": Table(
        rule_rows.SequenceRule,
        (("sequence", "step_no", "behaviour", "action"),),
        (("sequence",), ("within_days", "points", "name_zh")),
        of_row=_sequence_rule,
        of_all=_sequences,
    ),
    "ask_levels": Table(rule_rows.AskLevel, (("ask_level",),), names=LEVELS, of_all=_falling_points),
    "calls_to_action": Table(rule_rows.CallToAction, (("campaign_id", "action"),)),
    "exclusion_rules": Table(rule_rows.ExclusionRule, (("rule",),), of_row=_exclusion_rule),
    "scenario_steps": Table(
        rule_rows.ScenarioStep,
        (("scenario", "step_no", "source", "behaviour", "action", "touchpoint", "scene"),),
        (("scenario", "step_no"), ("step", "name_zh", "name_en", "is_entry")),
        of_row=_scenario_step,
        of_all=_scenarios,
    ),
    "buying_roles": Table(rule_rows.BuyingRole, (("role_order",),)),
    "competitors": Table(rule_rows.Competitor, of_row=_competitor),
    "own_domains": Table(rule_rows.OwnDomain),
    "content": Table(rule_rows.Content, (("content_id",),)),
    "sincere_actions": Table(rule_rows.SincereAction, (("action",),)),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in TABLES.items()}
