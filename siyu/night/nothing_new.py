"""Nothing is new: find the release that is still valid, and report on it instead of building."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from siyu.build.materialization import ModelRun
from siyu.check.suites import CheckResult
from siyu.compile.project import Project
from siyu.engines.base import Engine
from siyu.release.releases import PUBLIC, Release, current, outranks, releases
from siyu.report.headline import KpiAlert, KpiLine, headline_kpis, out_of_band
from siyu.report.summary import Report
from siyu.warehouse.ledger import Ledger


def standing_release(
    ledger: Ledger, warehouse: Path, as_of: date, known_by: date | None, run_key: str, today: date
) -> Release | None:
    """Return the last release of a date if a run with this key made it and it is still in its place, else None.

    A current release whose date is after `today` is not in its place, unless the run asks for that date.
    """
    row = ledger.last_published(as_of, known_by)
    if row is None or row["run_key"] != run_key:
        return None
    release = next((r for r in releases(warehouse) if r.name == row["release"]), None)
    seen = current(warehouse)
    should_be_current = known_by is None and (seen is None or not outranks(seen, as_of, today))
    if release is None or (should_be_current and (seen is None or seen.name != release.name)):
        return None
    return release


def removed_release(ledger: Ledger, warehouse: Path, as_of: date, run_key: str, today: date) -> Release | None:
    """Return the last release of a date if a run with this key made it and only its folder is gone: retention removes
    it when there are newer ones. What later nights need of it is in the history. None otherwise.
    """
    row, seen = ledger.last_published(as_of, None), current(warehouse)
    if row is None or row["run_key"] != run_key or seen is None or not outranks(seen, as_of, today):
        return None
    path = warehouse / "releases" / row["release"]
    return None if path.exists() else Release(path, as_of, row["run_id"], {})


def report_standing(report: Report, release: Release, ledger: Ledger, engine: Engine, project: Project) -> None:
    """Fill the report with the results of the run that made the release."""
    models, checks = ledger.model_runs(release.run_id), ledger.check_results(release.run_id)
    report.release, report.manifest = release.path, release.manifest
    report.checks = [CheckResult.from_row(row) for row in checks]
    report.models = [ModelRun(r["model"], r["materialized"], r["seconds"], r["row_count"]) for r in models]
    report.rows_before = {model.model: model.row_count for model in report.models}
    report.kpis, report.alerts = standing_figures(engine, project, release)


def standing_figures(engine: Engine, project: Project, release: Release) -> tuple[list[KpiLine], list[KpiAlert]]:
    """Return the headline figures and the alerts of an existing release, for a night that finds nothing new."""
    engine.attach(release.path / PUBLIC, "standing", writable=False)
    session = engine.session()
    try:
        session.execute("create schema if not exists kpi")
        for name in ("kpi_value", "kpi_catalog"):
            if f"kpi.{name}" in project.models:
                session.execute(f"create or replace view kpi.{name} as select * from standing.kpi.{name}")
        return headline_kpis(session, project), out_of_band(session, project)
    finally:
        session.close()
        engine.detach("standing")
