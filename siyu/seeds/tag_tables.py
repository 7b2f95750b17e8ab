"""The tables that tags are written in (tags.csv, tag_values.csv, tag_bands.csv and lists), validated before a build."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise, product

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds import tag_rows
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table, grouped

# Columns of the profiles that are no tags.
PROFILE_COLUMNS = frozenset({
    "one_id", "account_id", "full_name", "mobile", "email", "title", "city", "first_seen_at", "last_seen_at",
    "record_count", "is_dormant", "is_lead", "trust_step", "account_name", "credit_code", "email_domain",
    "people_count",
})  # fmt: skip


def words_of(text: str) -> list[str]:
    """Return the parts of a cell such as `buyers, customers`."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _tag(row: Cells, _: IdentifierTypes) -> Found:
    if not row["class"]:
        yield "class is empty", "write the name of the class, such as activity_rating."
    if row["tag_code"] in PROFILE_COLUMNS:
        yield f"tag_code is {row['tag_code']}", "use another code: the profile has a column of that name."


def _band(row: Cells, _: IdentifierTypes) -> Found:
    for border in ("from", "to"):
        if row[border] and not tag_rows.BORDER.fullmatch(row[border]):
            yield f"{border} is {row[border]!r}", "write a number such as 8, -10 or 0.5, or leave it empty."


def _bands(rows: Rows) -> FoundAt:
    """Report gaps and overlaps between the bands of a tag."""
    for (tag_code,), members in grouped(rows, ("tag_code",)).items():
        if all(tag_rows.BORDER.fullmatch(row[border] or "0") for _, row in members for border in ("from", "to")):
            ordered = sorted(members, key=lambda member: _low(member[1]))
            for (_, below), (number, above) in pairwise(ordered):
                if below["to"] == "" or above["from"] == "" or Decimal(below["to"]) != Decimal(above["from"]):
                    yield (
                        number,
                        f"{above['band']} of {tag_code} begins at {above['from'] or 'no border'},"
                        f" but {below['band']} ends at {below['to'] or 'no border'}",
                        "let each band begin where the one before ends: from is included, to is not.",
                    )


def _low(row: Cells) -> Decimal:
    return Decimal(row["from"]) if row["from"] else Decimal("-Infinity")


def _segments(rows: Rows) -> FoundAt:
    found = {tuple(row[name] for name in ("is_recent", "is_frequent", "is_monetary")) for _, row in rows}
    for answers in product(("true", "false"), repeat=3):
        if answers not in found:
            yield (
                None,
                f"no segment for {', '.join(answers)}",
                "add a row: each of the eight combinations has a segment.",
            )


def _partner_kinds(rows: Rows) -> FoundAt:
    """Report account types that differ only in case and outer blanks: a company would have two kinds."""
    first: dict[str, tuple[int, str]] = {}
    for number, row in rows:
        text = row["account_type"]
        at, before = first.setdefault(text.strip().lower(), (number, text))
        if before != text:
            yield (
                number,
                f"{text} is already in row {at} as {before}",
                "remove one row: letter case and outer blanks of account_type make no difference.",
            )


TAG_TABLES = {
    "tags": Table(tag_rows.Tag, (("tag_code",),), (("class_no",), ("class",)), of_row=_tag),
    "tag_values": Table(tag_rows.TagValue, (("tag_code", "tag_value"), ("tag_code", "value_order"))),
    "tag_bands": Table(tag_rows.TagBand, (("tag_code", "band"), ("tag_code", "order")), of_row=_band, of_all=_bands),
    "tag_scopes": Table(tag_rows.TagScope, (("scope",),)),
    "job_functions": Table(tag_rows.JobFunction, (("function_order",),)),
    "seniorities": Table(tag_rows.Seniority, (("seniority_order",),)),
    "partner_kinds": Table(tag_rows.PartnerKind, (("account_type",),), of_all=_partner_kinds),
    "decision_factors": Table(
        tag_rows.DecisionFactor,
        (("decision_factor", "source", "value"),),
        (("decision_factor",), ("factor_order",)),
    ),
    "event_forms": Table(tag_rows.EventForm, (("action",),)),
    "touchpoint_media": Table(tag_rows.TouchpointMedium, (("medium",),)),
    "rfm_segments": Table(tag_rows.RfmSegment, (("is_recent", "is_frequent", "is_monetary"),), of_all=_segments),
    "touchpoints": Table(tag_rows.Touchpoint, (("touchpoint",), ("touchpoint_order",))),
}
COLUMNS = {
    **{name: tuple(table.row.model_fields) for name, table in TAG_TABLES.items()},
    "tags": tuple("class" if name == "class_name" else name for name in tag_rows.Tag.model_fields),
    "tag_bands": ("tag_code", "band", "from", "to", "order"),
}


def tag_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every contradiction between the tables of tags."""
    rows = {name: reference_rows(table) for name, table in tables.items()}
    tags = {row["tag_code"]: row for row in rows["tags"]}
    values: dict[str, set[str]] = {code: set() for code in tags}
    found: list[SiyuError] = []

    def report(table: str, number: int, problem: str, fix: str) -> None:
        found.append(ConfigError(f"{table}: {problem}", tables[table].place(number), fix))

    for number, row in enumerate(rows["tag_values"], start=2):
        values.setdefault(row["tag_code"], set()).add(row["tag_value"])
        for problem, fix in _value_problems(row, tags):
            report("tag_values", number, problem, fix)
    for number, row in enumerate(rows["tag_bands"], start=2):
        if row["band"] not in values.get(row["tag_code"], ()):
            fix = nearest(row["band"], values.get(row["tag_code"], ())) or "add the band to tag_values.csv."
            report("tag_bands", number, f"{row['band']} is not a value of {row['tag_code']}", fix)
    inputs = _known_inputs(tables, rows["record_shapes"])
    for number, row in enumerate(rows["tags"], start=2):
        for problem, fix in _tag_problems(row, values[row["tag_code"]], tables, rows["tag_scopes"], inputs):
            report("tags", number, problem, fix)
    for table, column, code in (("partner_kinds", "partner_kind", "partner_kind"),
                                ("decision_factors", "decision_factor", "decision_factor")):  # fmt: skip
        for number, row in enumerate(rows[table], start=2):
            if row[column] not in values.get(code, ()):
                report(
                    table, number, f"{row[column]} is not a value of {code}", nearest(row[column], values.get(code, ()))
                )
    points = {row["touchpoint"] for row in rows["touchpoints"]}
    for number, row in enumerate(rows["touchpoint_media"], start=2):
        if row["touchpoint"] not in points:
            report(
                "touchpoint_media",
                number,
                f"{row['touchpoint']} is not a touchpoint",
                nearest(row["touchpoint"], points),
            )
    return found


def _value_problems(row: Cells, tags: Mapping[str, Cells]) -> Iterator[tuple[str, str]]:
    tag = tags.get(row["tag_code"])
    if tag is None:
        yield f"{row['tag_code']} is not a tag", nearest(row["tag_code"], tags) or "add it to tags.csv."
    elif tag["values_from"]:
        yield (
            f"{row['tag_code']} takes its values from {tag['values_from']}",
            "remove the row, or leave values_from in tags.csv empty.",
        )


def _tag_problems(
    row: Cells,
    values: Collection[str],
    tables: Mapping[str, Reference],
    tag_scopes: list[dict[str, str]],
    inputs: Collection[str],
) -> Iterator[tuple[str, str]]:
    levels = {scope["scope"]: scope["level"] for scope in tag_scopes}
    scopes = words_of(row["applies_to"])
    for scope in scopes:
        if scope not in levels:
            yield f"applies_to names {scope}, which is not a scope", nearest(scope, levels)
    if sorted(levels.get(scope, "") for scope in scopes) != sorted(words_of(row["level"])):
        yield (
            f"applies_to is {row['applies_to']!r} at level {row['level']!r}",
            "name one scope of tag_scopes.csv for each level.",
        )
    for name in words_of(row["requires"]):
        if name not in inputs:
            yield f"requires names {name}, which does not exist", nearest(name, inputs)
    if row["values_from"]:
        yield from _origin(row, tables)
    elif not values:
        yield (
            f"{row['tag_code']} has no values",
            "add rows to tag_values.csv, or say in values_from where they come from.",
        )
    elif unknown := [value for value in words_of(row["rare_values"]) if value not in values]:
        yield f"rare_values names {', '.join(unknown)}, not a value of {row['tag_code']}", nearest(unknown[0], values)


def _known_inputs(tables: Mapping[str, Reference], shapes: list[dict[str, str]]) -> set[str]:
    """Return what `requires` of a tag may name: record shapes, their columns, and reference tables."""
    identifiers = [row["id_type"] for row in reference_rows(tables["identifier_types"])]
    columns = {f"{shape['shape']}.{name}" for shape in shapes for name in (shape["column_name"], *identifiers)}
    return {*columns, *(shape["shape"] for shape in shapes), *(f"reference:{name}" for name in tables)}


def _origin(row: Cells, tables: Mapping[str, Reference]) -> Iterator[tuple[str, str]]:
    table, _, column = row["values_from"].partition(".")
    if row["values_from"] not in ("number", "channels") and (
        table not in tables or column not in tables[table].columns
    ):
        yield (
            f"values_from is {row['values_from']!r}",
            "write table.column of a reference table, number or channels; or list the values in tag_values.csv.",
        )
