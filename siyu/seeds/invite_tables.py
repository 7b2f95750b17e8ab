"""The tables that invitations are made by (events.csv, invite_points.csv, invite_reasons.csv), validated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import get_args

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds import invite_rows
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import WHOLE
from siyu.seeds.table_checks import Cells, Found, Table

REASONS = get_args(invite_rows.InviteReason.model_fields["reason"].annotation)
# Conditions of the parts that the models know. Those of activity and stage come from other tables.
CONDITIONS = {
    "topic": ("top_topic",),
    "product": ("product_interest", "owned"),
    "form": ("same", "both", "other", "none"),
    "place": ("same_province", "same_territory", "elsewhere", "unknown", "online"),
}
FAR = ("same_territory", "elsewhere")
VALUE = "{value}"
# column of events.csv -> table and column with its values
KNOWN_FROM = {
    "place": ("territories", "province"),
    "topic": ("content", "topic"),
    "product_line": ("products", "product_line"),
    "inviting_role": ("staff", "role"),
    "campaign_id": ("campaigns", "campaign_id"),
}


def _event(row: Cells, _: IdentifierTypes) -> Found:
    if row["form"] == "offline" and not row["place"]:
        yield "place is empty", "write the province in which the event takes place."
    if row["form"] == "online" and row["place"]:
        yield f"form is online, but place is {row['place']!r}", "leave place empty, or write offline."
    if not row["topic"] and not row["product_line"]:
        yield "topic and product_line are empty", "fill in at least one: it says whom the event interests."


def _point(row: Cells, _: IdentifierTypes) -> Found:
    if row["leaves_out"] == "true" and (row["part"] != "place" or row["condition"] not in FAR):
        yield (
            f"leaves_out is true for {row['part']} {row['condition']}",
            f"write false: only the places {' and '.join(FAR)} leave people out.",
        )
    for column in ("why_zh", "why_en"):
        rest = row[column].replace(VALUE, "")
        if "{" in rest or "}" in rest:
            yield f"{column} is {row[column]!r}", f"write no braces but those of {VALUE}."
        elif row["condition"] in ("unknown", "online") and VALUE in row[column]:
            yield f"{column} is {row[column]!r}", f"remove {VALUE}: {row['condition']} has no place."


INVITE_TABLES = {
    "events": Table(invite_rows.Event, (("event_id",),), of_row=_event),
    "invite_points": Table(invite_rows.InvitePoint, (("part", "condition"),), of_row=_point),
    "invite_reasons": Table(invite_rows.InviteReason, (("reason",),), names=REASONS),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in INVITE_TABLES.items()}


def invite_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every value of the tables that other tables do not know, and what is missing."""
    rows = {name: reference_rows(tables[name]) for name in (*INVITE_TABLES, "tag_values", "stages", "thresholds")}
    found: list[SiyuError] = []
    for column, (table, source) in KNOWN_FROM.items():
        known = {row.get(source, "") for row in reference_rows(tables[table])} - {""}
        for number, row in enumerate(rows["events"], start=2):
            if value := row.get(column):
                found += _unknown(value, known, f"events: {column} is", f"{table}.csv", tables["events"].place(number))
    return [*found, *_conditions(tables["invite_points"], rows), *_reachable(tables["invite_points"], rows)]


def _unknown(value: str, known: Collection[str], what: str, file: str, where: str) -> Iterator[SiyuError]:
    if value not in known:
        fix = nearest(value, known) or f"add it to {file}."
        yield ConfigError(f"{what} {value!r}, which {file} does not have", where, fix)


def _conditions(table: Reference, rows: Mapping[str, list[dict[str, str]]]) -> Iterator[SiyuError]:
    """Report conditions that do not exist, and conditions without points."""
    grades = tuple(row["tag_value"] for row in rows["tag_values"] if row["tag_code"] == "activity_grade")
    wanted = {**CONDITIONS, "activity": grades, "stage": tuple(row["stage"] for row in rows["stages"])}
    for number, row in enumerate(rows["invite_points"], start=2):
        known = wanted.get(row["part"])
        if known and row["condition"] and row["condition"] not in known:
            fix = nearest(row["condition"], known) or f"write one of: {', '.join(known)}."
            problem = f"invite_points: {row['condition']} is not a condition of {row['part']}"
            yield ConfigError(problem, table.place(number), fix)
    written = {(row["part"], row["condition"]) for row in rows["invite_points"]}
    for part, conditions in wanted.items():
        for condition in conditions:
            if (part, condition) not in written:
                problem = f"invite_points: no row for {part} {condition}"
                yield ConfigError(problem, table.edited, "add the row, with 0 points if it should count nothing.")


def _reachable(table: Reference, rows: Mapping[str, list[dict[str, str]]]) -> Iterator[SiyuError]:
    """Report that nobody can have the points that an event asks for."""
    least = next((row["value"] for row in rows["thresholds"] if row["threshold"] == "invite_points_min"), "")
    most: dict[str, int] = {}
    for row in rows["invite_points"]:
        if not WHOLE.fullmatch(row["points"]):
            return
        most[row["part"]] = max(most.get(row["part"], 0), int(row["points"]))
    if WHOLE.fullmatch(least) and sum(most.values()) < int(least):
        yield ConfigError(
            f"invite_points: nobody can have more than {sum(most.values())} points, but invite_points_min is {least}",
            table.edited,
            "raise the points, or lower invite_points_min in thresholds.csv.",
        )
