"""Schema ops, which every release contains: its tables, their columns and descriptions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OpsTable:
    """`columns` maps a name to its type and description. `grain` is given if a suite checks the table."""

    description: str
    columns: dict[str, tuple[str, str]]
    grain: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, str]:
        """column -> SQL type."""
        return {name: kind for name, (kind, _) in self.columns.items()}


CHANNEL = ("varchar", "Channel code, as in seeds/channels.")
EXPORT = ("varchar", "Export of the channel's contract.")
FILE = ("varchar", "Path in the channel's folder; mobiles and mail addresses in it are masked.")
RUN = ("bigint", "Number of the run.")
MODEL = ("varchar", "schema.table.")

OPS_TABLES: dict[str, OpsTable] = {
    "run": OpsTable("Every run, oldest first; how the run of this release ended is in the run ledger.", {
        "run_id": RUN,
        "as_of": ("date", "Last business date that counts."),
        "known_by": ("date", "Nothing that landed later is known; NULL in a nightly."),
        "started_at": ("timestamp", "Begin (UTC)."),
        "ended_at": ("timestamp", "End (UTC)."),
        "status": ("varchar", "running, published, nothing new, failed, interrupted or withdrawn (a future date)."),
        "release": ("varchar", "Folder of the release; NULL when nothing was published."),
        "code_fingerprint": ("varchar", "Changes with models, macros, suites, contracts, vars and siyu itself."),
        "input_fingerprint": ("varchar", "Changes with what had landed, and with the reference tables."),
    }),
    "model_run": OpsTable("What a run built; runs older than ops_history_days are in model_month.", {
        "run_id": RUN,
        "model": MODEL,
        "materialized": ("varchar", "table, view, fixpoint, agglomerate, snapshot or history."),
        "seconds": ("double", "Time it took."),
        "row_count": ("bigint", "Rows; NULL for a view."),
        "row_count_before": ("bigint", "Rows in the published run before."),
    }),
    "check_result": OpsTable("The result of every expectation; runs older than ops_history_days are in check_month.", {
        "run_id": RUN,
        "table_name": ("varchar", "Table that was checked."),
        "expectation": ("varchar", "Type, in Great Expectations' words."),
        "column_name": ("varchar", "Columns it is about; NULL when about rows."),
        "severity": ("varchar", "critical, warning or info."),
        "success": ("boolean", "It held."),
        "error": ("varchar", "Why it could not run; that counts as failed."),
        "unexpected_count": ("bigint", "Rows that break it."),
        "unexpected_percent": ("double", "Of all rows, 0 to 100."),
        "sample_keys": ("varchar", "Up to 20 failing keys as JSON, masked."),
        "query": ("varchar", "Query that finds the failing rows, for the build database."),
        "runbook": ("varchar", "What to do."),
        "why": ("varchar", "Why it is expected."),
    }),
    "model_month": OpsTable("What runs older than ops_history_days built, summed by the month in which they began.", {
        "month": ("varchar", "Month (UTC), as 2026-06."),
        "model": MODEL,
        "materialized": ("varchar", "table, view, fixpoint, agglomerate, snapshot or history."),
        "run_count": ("bigint", "Runs that built it."),
        "seconds": ("double", "Time that all of them took."),
        "row_count": ("bigint", "Most rows that a run gave; NULL for a view."),
    }),
    "check_month": OpsTable("Results of runs older than ops_history_days, summed by the month in which they began.", {
        "month": ("varchar", "Month (UTC), as 2026-06."),
        "table_name": ("varchar", "Table that was checked."),
        "expectation": ("varchar", "Type, in Great Expectations' words."),
        "column_name": ("varchar", "Columns it is about; NULL when about rows."),
        "severity": ("varchar", "critical, warning or info."),
        "run_count": ("bigint", "Runs that checked it."),
        "failed_count": ("bigint", "Runs in which it failed."),
        "error_count": ("bigint", "Runs in which it could not run; these count as failed, too."),
        "unexpected_count": ("bigint", "Rows that broke it, summed over runs."),
        "why": ("varchar", "Why it is expected."),
    }),
    "channel_status": OpsTable("The state of each channel at the end of as_of.", {
        "channel": CHANNEL,
        "title": ("varchar", "Name in Chinese and English."),
        "domain": ("varchar", "private or public: whose traffic it is."),
        "owner": ("varchar", "Whom on-call asks."),
        "last_file_date": ("date", "Business date of the newest file that landed."),
        "last_landed_at": ("timestamp", "End of the business date of the last landing that brought rows (UTC)."),
        "is_stale": ("boolean", "Its data is old, or tonight's export is broken."),
        "reason": ("varchar", "Why it is stale."),
        "is_retired": ("boolean", "True = it no longer delivers (setting retired_channels); its rows still count."),
        "rows_landed": ("bigint", "Rows that the last landing of all brought."),
        "rows_usual": ("bigint", "Median of its earlier landings."),
    }, ("channel",)),
    "file_ledger": OpsTable(
        "Every export file that was landed or rejected; rows_read = rows_landed + rows_rejected + rows_replaced.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "file": FILE,
        "sha256": ("varchar", "Hash of its content."),
        "landed_seq": ("bigint", "Number of the landing."),
        "landed_date": ("date", "as_of of that landing."),
        "rows_read": ("bigint", "Records in the file."),
        "rows_landed": ("bigint", "Records that match the contract and count."),
        "rows_rejected": ("bigint", "Records that break it, or all of a file that was rejected whole."),
        "rows_replaced": ("bigint", "Records that another record of the file with the same key replaced."),
        "differing_keys": ("bigint", "Keys of the file with different records, if no version says which is later."),
        "example_key": ("varchar", "One of these keys, masked."),
        "values_mended": ("bigint", "Values in which U+FFFD replaces invalid characters."),
        "mended_columns": ("varchar", "Their columns, with the number of values."),
        "status": ("varchar", "landed or rejected."),
        "reason": ("varchar", "Why the file was rejected whole."),
    }, ("channel", "export", "file", "landed_seq")),
    "version_tie": OpsTable("Keys of the newest landing with different rows of one version in two files.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "landed_seq": ("bigint", "Number of the landing."),
        "key_count": ("bigint", "Keys with such rows. The row of the later file counts."),
        "example_key": ("varchar", "One of these keys, masked."),
    }, ("channel", "export")),
    "rejected_row": OpsTable("Why records were rejected; a row a reason, one without a line for a file as a whole.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "file": FILE,
        "line": ("bigint", "Ordinal of the record, 1 = first; header and blank lines are not counted."),
        "column_name": ("varchar", "Column of the contract; empty when the record itself is broken."),
        "value_masked": ("varchar", "The value, masked."),
        "reason": ("varchar", "What is wrong with it."),
    }, ("channel", "export", "file", "line", "column_name", "reason")),
    "field_reject": OpsTable("Invalid values, which siyu does not use, in current rows.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "field": ("varchar", "Column of the export; of records without their moment, that of the record shape."),
        "reason": ("varchar", "What is wrong with it."),
        "row_count": ("bigint", "Rows."),
    }, ("channel", "export", "field", "reason")),
    "drift": OpsTable("Columns that appeared, disappeared or changed their type.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "kind": ("varchar", "new_column, missing_column, retyped, or respelled: a header in another spelling."),
        "column_name": ("varchar", "Column of the export."),
        "since": ("date", "landed_date of the landing that saw it first."),
        "is_open": ("boolean", "True = siyu warns: seen first in the last 30 days, and not in known_drift."),
        "advice": ("varchar", "Since when, without a break, and what to do; NULL if there is nothing to do."),
    }, ("channel", "export", "kind", "column_name")),
    "volume": OpsTable("The rows that the newest landing brought of each export, and how many are usual.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "landed_seq": ("bigint", "Number of the landing."),
        "row_count": ("bigint", "Rows; 0 if it brought none."),
        "usual_rows": ("double", "Median of the landings before, or of the complete lists before."),
        "low": ("double", "Fewer are unusual. NULL while too few landings are known (profile_min_history)."),
        "high": ("double", "More are unusual."),
        "is_unusual": ("boolean", "True = the number is outside low and high."),
    }, ("channel", "export")),
    "field_profile": OpsTable("How the values of the newest landing are distributed, compared with landings before.", {
        "channel": CHANNEL,
        "export": EXPORT,
        "landed_seq": ("bigint", "Number of the landing."),
        "delivery": ("varchar", "Date in the name of its files; empty if they have none."),
        "field": ("varchar", "Column of the contract."),
        "aspect": ("varchar", "form (or magnitude, age), value, hour, garbled, or repeat: how often a value occurs."),
        "row_count": ("bigint", "Rows that were looked at. All, if the aspect is garbled."),
        "compared": ("bigint", "Deliveries that they are compared with."),
        "distance": ("double", "Share of rows that would have to change to be distributed as usual, 0 to 1."),
        "distance_limit": ("double", "A greater distance is unusual."),
        "bucket": ("varchar", "What has changed most: a form, a range of amounts, a frequent value."),
        "share": ("double", "Its share of the rows, 0 to 1."),
        "usual_share": ("double", "Its usual share."),
        "is_unusual": ("boolean", "True = the distance is above its limit."),
    }, ("channel", "export", "delivery", "field", "aspect")),
    "identifier_in_clear": OpsTable(
        "Published columns without a mark in which texts look like an identifier. Releases mask these texts.", {
        "table_name": MODEL,
        "column_name": ("varchar", "Column."),
        "kind": ("varchar", "mobile, email or wechat_id: a unionid, openid or external_userid."),
        "row_count": ("bigint", "Rows with such a text."),
        "value_count": ("bigint", "Different texts in them."),
        "example": ("varchar", "One of these texts, masked, as releases show it."),
    }, ("table_name", "column_name", "kind")),
    "access": OpsTable("Who took which list out of a release: the access log of siyu list up to this run.", {
        "access_no": ("bigint", "Number of the output."),
        "accessed_at": ("timestamp", "When it began (UTC)."),
        "finished_at": ("timestamp", "When it was complete (UTC); NULL when it failed or was interrupted."),
        "who": ("varchar", "The user who was logged in."),
        "list": ("varchar", "handoff, invite, next-action or segment."),
        "parameters": ("varchar", "Segment, event, owner and other filters, as JSON."),
        "release": ("varchar", "Folder of the release that it was read from."),
        "row_count": ("bigint", "Rows of the output."),
        "person_count": ("bigint", "Different people in it."),
        "is_raw": ("boolean", "True = with personal values; false = masked."),
        "form": ("varchar", "screen, json, csv or xlsx. The name of the file is only in the run ledger."),
    }),
    "model": OpsTable("Every model as it was compiled.", {
        "model": MODEL,
        "schema_name": ("varchar", "Schema."),
        "table_name": ("varchar", "Table."),
        "file": ("varchar", "Path in its layer."),
        "materialized": ("varchar", "table, view, fixpoint, agglomerate, snapshot or history."),
        "description": ("varchar", "From its header."),
        "grain": ("varchar", "Columns that identify a row."),
        "compiled_sql": ("varchar", "The query that ran."),
        "rule_version": ("varchar", "Changes when the compiled query does; comments do not count."),
    }),
    "column": OpsTable("Every column of every model.", {
        "model": MODEL,
        "column_name": ("varchar", "Column."),
        "position": ("integer", "From 1."),
        "type": ("varchar", "SQL type."),
        "description": ("varchar", "From its comment."),
        "is_pii": ("boolean", "Published hashed and masked only."),
    }),
    "column_lineage": OpsTable("What a column is made of; empty unless a model reads it.", {
        "model": MODEL,
        "column_name": ("varchar", "Column."),
        "source_model": ("varchar", "Relation it comes from."),
        "source_column": ("varchar", "Column there."),
    }),
    "tag_rule": OpsTable("The rule of every tag: a row a tag and level.", {
        "tag_code": ("varchar", "Tag, as in the tag catalog."),
        "level": ("varchar", "person or account: whom the tag describes."),
        "model": MODEL,
        "rule_version": (
            "varchar",
            "Changes when the SQL of this tag does, in its model or a base model, or a reference row that it reads.",
        ),
        "source_models": (
            "varchar",
            "Models and reference tables that this tag rests on, separated by commas. Instead of base models "
            "(models/tags/base) it has what these read for the tag.",
        ),
    }),
    "tag_reader": OpsTable("Who reads a tag: segments, and published models of the schemas audience and kpi.", {
        "tag_code": ("varchar", "Tag, as in the tag catalog."),
        "level": ("varchar", "person or account: whom the tag describes."),
        "model": ("varchar", "The reader, schema.table. What it needs of working tables counts as its own reading."),
    }),
    "segment": OpsTable("Every named segment: a file in models/audience/segments.", {
        "segment": ("varchar", "Segment: the name of its file."),
        "model": MODEL,
        "name_zh": ("varchar", "Chinese name, from its header."),
        "name_en": ("varchar", "English name, from its header."),
        "purpose": ("varchar", "What it is for, from its header."),
        "owner": ("varchar", "Role or team that answers for it, from its header."),
        "audience": ("varchar", "Whom it may hold: prospects, customers, partners, people or kept_out."),
        "rule_version": (
            "varchar",
            "Changes when the SQL that decides who is in does, a reference row or the rule of a tag that it reads, or "
            "its audience.",
        ),
    }),
}  # fmt: skip
