"""KPIs: kpis.csv and the models in models/kpi/figures must name the same codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from siyu.compile.model_files import Model
from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.references import Reference, reference_rows

CATALOG = "kpis"


def kpi_errors(models: Mapping[str, Model], tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every disagreement between the headers of figure models and kpis.csv."""
    if CATALOG not in tables:
        return []
    rows = {row["kpi_code"]: (row["model"], number) for number, row in enumerate(reference_rows(tables[CATALOG]), 2)}
    return [*_model_errors(models, {code: model for code, (model, _) in rows.items()}),
            *_row_errors(models, rows, tables[CATALOG])]  # fmt: skip


def _model_errors(models: Mapping[str, Model], catalog: Mapping[str, str]) -> Iterator[SiyuError]:
    for model in models.values():
        for code in model.kpis:
            if code not in catalog:
                fix = nearest(code, catalog)
                if not fix.startswith("did you mean"):
                    fix = "add a row to kpis.csv, or to kpis.add.csv in a layer."
                yield ConfigError(f"{model.name} yields the KPI {code}, which kpis.csv does not have", model.file, fix)
            elif catalog[code] != model.name:
                problem = f"{model.name} yields the KPI {code}, but kpis.csv says that {catalog[code]} does"
                yield ConfigError(problem, model.file, "correct the column model of kpis.csv.")


def _row_errors(
    models: Mapping[str, Model], rows: Mapping[str, tuple[str, int]], table: Reference
) -> Iterator[SiyuError]:
    for code, (model, number) in rows.items():
        place = table.place(number)
        if model not in models:
            yield ConfigError(f"the KPI {code} names {model}, which no model defines", place, nearest(model, models))
        elif code not in models[model].kpis:
            fix = f"add {code} to kpis in the header of {models[model].file}."
            yield ConfigError(f"the KPI {code} names {model}, whose header does not list it", place, fix)
