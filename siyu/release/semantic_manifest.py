"""The semantic manifest of a release: what its tables mean, in the format of MetricFlow.

semantic_manifest.json has a semantic model for each table that says so in its config() (siyu/compile/semantics.py),
with its entities, dimensions and measures, and a metric for each measure. Each KPI is a metric, too, and so is each KPI
by each of its dimensions. It follows from the compiled models and the reference tables alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from siyu.compile.business_names import chinese_name
from siyu.compile.model_files import BUSINESS
from siyu.compile.project import CompiledModel, Project
from siyu.compile.semantics import COUNT, ENTITIES, MEASURES, NONE, NUMERIC, ROWS, TIME, measures
from siyu.release.columns import PublishedColumn, published_columns
from siyu.release.kpi_metrics import KPI_TABLE, kpi_measures, kpi_metrics
from siyu.release.views import chinese_names

FILE = "semantic_manifest.json"
RESERVED = ("day", "week", "month", "quarter", "year")  # MetricFlow makes these of any date
CHINESE_WORD = re.compile(r"[\u4e00-\u9fff]+")
CALENDAR, CALENDAR_DAY = "kpi.dim_date", "calendar_date"
Json = dict[str, Any]


def semantic_manifest(project: Project, published: Iterable[str]) -> Json:
    """Return the manifest. `published` are the tables and views of the release.

    Without a calendar there are no metrics, because MetricFlow counts days by one.
    """
    there = set(published)
    models = [m for m in project.models.values() if m.name in there and _is_semantic(m)]
    has_calendar = CALENDAR in there
    metrics = [metric for model in models for metric in _metrics(model)] if has_calendar else []
    if has_calendar and any(model.name == KPI_TABLE for model in models):
        metrics += kpi_metrics(project)
    return {
        "semantic_models": [_semantic_model(project, model) for model in models],
        "metrics": sorted(metrics, key=lambda metric: str(metric["name"])),
        "project_configuration": {
            "time_spine_table_configurations": [],
            "time_spines": [_calendar()] if has_calendar else [],
            "dsi_package_version": {"major_version": "0", "minor_version": "10", "patch_version": "5"},
        },
        "saved_queries": [],
    }


def _is_semantic(model: CompiledModel) -> bool:
    return any(model.config.get(key) for key in (ENTITIES, MEASURES, TIME))


def _semantic_model(project: Project, model: CompiledModel) -> Json:
    columns = {column.name: column for column in published_columns(model.columns) if column.in_public}
    entities: dict[str, str] = model.config.get(ENTITIES, {})
    key = next((name for name, column in entities.items() if (column,) == model.model.grain), None)
    named = chinese_names(list(columns.values())) if model.model.schema == BUSINESS else {}
    counted = kpi_measures() if model.name == KPI_TABLE else [_measure(model, *summed) for summed in _summed(model)]
    return {
        "name": model.model.table,
        "description": model.model.description,
        "node_relation": _relation(model.name),
        "defaults": {"agg_time_dimension": model.config[TIME]} if model.config.get(TIME) else None,
        "primary_entity": None if key else row_entity(model.model.table),
        "entities": [
            {"name": name, "type": "primary" if name == key else "foreign", "expr": column,
             "description": columns[column].description}
            for name, column in entities.items()
        ],
        "dimensions": [
            _dimension(column, named) for name, column in columns.items() if name not in entities.values()
            and _is_dimension(model, column)
        ],
        "measures": counted,
        "config": {"meta": {
            "grain": list(model.model.grain),
            "reads": sorted(model.refs & project.models.keys()),
            "is_view": model.is_release_view,
        }},
    }  # fmt: skip


def row_entity(table: str) -> str:
    """Return the name of the entity that is a row of a table without a key of one column."""
    return f"{table}_row"


def _relation(name: str) -> Json:
    schema, _, table = name.partition(".")
    return {"schema_name": schema, "alias": table, "relation_name": name}


def _is_dimension(model: CompiledModel, column: PublishedColumn) -> bool:
    """Return whether to group by a column. Hashes and masks identify one person, and measures are not grouped by."""
    if (column.is_added and column.type != "DATE") or column.name in RESERVED:
        return False
    agg, _ = measures(model.config).get(column.name, (NONE, ""))
    return not column.type.startswith("TIMESTAMP") and agg == NONE and not column.type.startswith("DECIMAL")


def _dimension(column: PublishedColumn, named: Mapping[str, str]) -> Json:
    is_day = column.type == "DATE"
    label = chinese_name(column.description) or (named.get(column.name) if column.is_added else None)
    return {
        "name": column.name,
        "type": "time" if is_day else "categorical",
        "type_params": {"time_granularity": "day"} if is_day else None,
        "description": column.description,
        "label": label,
        "config": {"meta": {"does_not_add_up": True}} if NUMERIC.fullmatch(column.type) else None,
    }


def _summed(model: CompiledModel) -> Iterator[tuple[str, str, str]]:
    """Yield column, aggregation and date of each measure."""
    for name, (agg, date) in measures(model.config).items():
        if agg != NONE:
            yield name, agg, date or model.config.get(TIME, "")


def measure_name(table: str, column: str, agg: str) -> str:
    """Return the name of a measure and of its metric, such as person_count or person_lead_score_average."""
    if column == ROWS:
        return f"{table}_{COUNT}"
    return f"{table}_{column}" if agg == "sum" else f"{table}_{column}_{agg}"


def _measure(model: CompiledModel, column: str, agg: str, date: str) -> Json:
    return {
        "name": measure_name(model.model.table, column, agg),
        "agg": "sum" if column == ROWS else agg,
        "expr": "1" if column == ROWS else column,
        "description": _told(model, column, date),
        "agg_time_dimension": date or None,
    }


def _told(model: CompiledModel, column: str, date: str) -> str:
    """Return what a measure is, and by which date it counts: a deal is opened in one month and paid in another."""
    docs: Mapping[str, str] = {c.name: c.description for c in model.columns}
    return f"{docs.get(column, f'Rows of {model.name}.')}" + (f" Counts by {date}." if date else "")


def _label(model: CompiledModel, column: str) -> str:
    """Return the Chinese name of a measure. Rows have that of their table: the first Chinese word about it."""
    docs: Mapping[str, str] = {c.name: c.description for c in model.columns}
    if column != ROWS:
        return chinese_name(docs[column]) or column
    found = CHINESE_WORD.search(model.model.description)
    return f"{found[0]}数" if found else "行数"


def _metrics(model: CompiledModel) -> Iterator[Json]:
    """Yield a metric for each measure of a table that says by which date it counts."""
    if model.name == KPI_TABLE or not model.config.get(TIME):
        return
    for column, agg, date in _summed(model):
        name = measure_name(model.model.table, column, agg)
        yield {
            "name": name,
            "label": f"{_label(model, column)} {name}",
            "description": _told(model, column, date),
            "type": "simple",
            "type_params": {"measure": {"name": name}},
            "config": {"meta": {"source_models": [model.name]}},
        }


def _calendar() -> Json:
    return {
        "node_relation": _relation(CALENDAR),
        "primary_column": {"name": CALENDAR_DAY, "time_granularity": "day"},
        "custom_granularities": [],
    }
