"""The inputs of a compilation: the reference tables that siyu itself needs, and the columns of every source."""

from __future__ import annotations

from collections.abc import Mapping

from siyu.compile.model_files import Model
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import Project
from siyu.compile.shapes import Shapes
from siyu.compile.template import source_relation
from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.address_words import COLUMNS as ADDRESS_COLUMNS
from siyu.seeds.alias_tables import COLUMNS as ALIAS_COLUMNS
from siyu.seeds.audience_tables import COLUMNS as AUDIENCE_COLUMNS
from siyu.seeds.candidate_tables import COLUMNS as CANDIDATE_COLUMNS
from siyu.seeds.channels import Channel
from siyu.seeds.decisions import COLUMNS as RULE_COLUMNS
from siyu.seeds.evidence_tables import COLUMNS as EVIDENCE_COLUMNS
from siyu.seeds.fit_tables import COLUMNS as FIT_COLUMNS
from siyu.seeds.handoff_tables import COLUMNS as HANDOFF_COLUMNS
from siyu.seeds.identifier_types import COLUMNS as IDENTIFIER_COLUMNS
from siyu.seeds.invite_tables import COLUMNS as INVITE_COLUMNS
from siyu.seeds.kpi_tables import COLUMNS as KPI_COLUMNS
from siyu.seeds.matcher_tables import COLUMNS as MATCHER_COLUMNS
from siyu.seeds.money_tables import CURRENCY_COLUMNS, RATE_COLUMNS
from siyu.seeds.neighbour_limits import COLUMNS as LIMIT_COLUMNS
from siyu.seeds.placeholders import COLUMNS as WORD_COLUMNS
from siyu.seeds.references import Reference
from siyu.seeds.row_key import KEY_ROW, has_row_key
from siyu.seeds.rule_tables import COLUMNS as TABLE_COLUMNS
from siyu.seeds.tag_tables import COLUMNS as TAG_COLUMNS

NEEDED_REFERENCES = {
    "record_shapes": ("shape", "column_name", "type", "is_pii", "is_bound", "description"),
    "identifier_types": IDENTIFIER_COLUMNS,
    "identity_rules": RULE_COLUMNS,
    "placeholder_words": WORD_COLUMNS,
    "neighbour_limits": LIMIT_COLUMNS,
    "exchange_rates": RATE_COLUMNS,
    "currencies": CURRENCY_COLUMNS,
    **TABLE_COLUMNS,
    **TAG_COLUMNS,
    **ALIAS_COLUMNS,
    **ADDRESS_COLUMNS,
    **HANDOFF_COLUMNS,
    **INVITE_COLUMNS,
    **AUDIENCE_COLUMNS,
    **KPI_COLUMNS,
    **FIT_COLUMNS,
    "matcher_pairs": MATCHER_COLUMNS,
    **CANDIDATE_COLUMNS,
    **EVIDENCE_COLUMNS,
}
SOURCE_COLUMNS = {
    "_extra": "varchar", "_file": "varchar", "_line": "bigint", "_landed_seq": "integer",
    "_landed_date": "date", "_file_date": "date", "_removed_date": "date",
}  # fmt: skip


def lacking(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return an error for each reference table that siyu needs and that is missing or has too few columns."""
    errors: list[SiyuError] = []
    for name, columns in NEEDED_REFERENCES.items():
        lacking = [column for column in columns if name in tables and column not in tables[name].columns]
        if name not in tables:
            errors.append(ConfigError(f"the reference table {name} is missing", "seeds/reference", "restore it."))
        elif lacking:
            errors.append(
                ConfigError(
                    f"the reference table {name} has no column {', '.join(lacking)}",
                    tables[name].edited,
                    "add the column.",
                )
            )
    return errors


def is_enabled(model: Model, contracts: Mapping[str, Channel], channels: Mapping[str, Channel], shapes: Shapes) -> bool:
    """Return whether the channel of a staging model is enabled. Raises ConfigError if the channel has no contract."""
    if model.channel not in contracts:
        raise ConfigError(
            f"{model.name} stages the channel {model.channel}, which has no contract",
            model.file,
            nearest(str(model.channel), contracts),
        )
    shapes.of(model.shape or "")
    return model.channel in channels


def declare_inputs(project: Project) -> None:
    """Declare the columns of ops tables, reference tables and sources to the binder."""
    for name, table in OPS_TABLES.items():
        project.binder.declare(f"ops.{name}", table.types)
    for name, reference in project.references.items():
        project.binder.declare(f"reference.{name}", dict.fromkeys(reference.columns, "varchar"))
    for channel in project.channels.values():
        for export_name, export in channel.exports.items():
            typed = {name: column.sql_type for name, column in export.columns.items()}
            internal = {**SOURCE_COLUMNS, **({KEY_ROW: "varchar"} if has_row_key(export.key) else {})}
            for superseded in (False, True):
                project.binder.declare(source_relation(channel.channel, export_name, superseded), {**typed, **internal})
