"""The last phase: write the release and the history that later nights need, then make the release current."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from siyu import clock
from siyu.build import ops
from siyu.compile.project import Project
from siyu.engines.base import Engine
from siyu.errors import ChecksFailed, EngineFault
from siyu.night.record import PUBLISHED, RunRecord
from siyu.release.history import Previous, write_history
from siyu.release.last_release import LastRelease
from siyu.release.publish import ReleaseFacts, write_release
from siyu.release.releases import SITE, Release, current, expire, swap
from siyu.report.changes import changes
from siyu.report.events import Event
from siyu.report.headline import headline_kpis, out_of_band
from siyu.report.site.writing import SiteFacts, write_site


@dataclass(frozen=True)
class Checked:
    """Everything is built and checked."""

    record: RunRecord
    as_of: date
    project: Project
    engine: Engine
    previous: Previous | None
    input_fingerprint: str
    last: LastRelease | None = None

    def require(self, suites: Iterable[str]) -> None:
        """Raise EngineFault if a suite did not run, ChecksFailed if a critical expectation failed."""
        results, where = self.record.report.checks, f"run {self.record.run_id}"
        unchecked = sorted(set(suites) - {result.table_name for result in results})
        if unchecked:
            raise EngineFault(f"the suites of {', '.join(unchecked)} did not run", where, "see the log.")
        stopping = [result for result in results if result.stops_release]
        if stopping:
            tables = sorted({result.table_name for result in stopping})
            raise ChecksFailed(
                f"{len(stopping)} critical expectations failed on {', '.join(tables)}",
                where,
                "see the failed checks; each names its runbook.",
            )

    def publish(self) -> Release:
        """Write the release and the history. Make the release current unless one of a later date is current."""
        record, known_by = self.record, self.record.request.known_by
        record.stage = "publish"
        release = self._write_release()
        self._report_figures()
        if known_by is None:
            write_history(self.engine, self.project, record.warehouse, Previous(self.as_of, record.run_id))
        # Ledger first: if the process dies before the swap, the release is not current, and the next run makes another.
        record.update(status=PUBLISHED, release=release.name)
        if known_by is None:
            self._swap(release)
            self._expire()
        record.report.status = PUBLISHED
        record.report.release, record.report.manifest = release.path, release.manifest
        record.tell(Event("published", release.name, str(release.path)))
        return release

    def _swap(self, release: Release) -> None:
        """Make the release current. A release of a future date, made while a clock was wrong, does not count."""
        record, today, before = self.record, clock.today(self.record.settings.timezone), current(self.record.warehouse)
        withdrawn = record.ledger.withdraw_after(today) if self.as_of <= today else []
        record.report.is_current = swap(record.warehouse, release, today)
        if before is not None and before.as_of > today >= self.as_of:
            withdrawn = sorted({*withdrawn, before.name})
        if withdrawn:
            record.report.withdrawn = withdrawn
            told = "its business date is in the future; the newest release of a past date is current"
            record.tell(Event("withdrawn", ", ".join(withdrawn), told, is_bad=True))

    def _write_release(self) -> Release:
        record = self.record
        name = f"{self.as_of.isoformat()}-{record.run_id:06d}"
        row = record.ledger.run(record.run_id)
        session = self.engine.session()
        ops.write_runs(session, record.ledger, {**row, "status": PUBLISHED, "release": name})
        session.close()
        facts = ReleaseFacts(
            self.as_of, record.request.known_by, record.run_id, self.previous.name if self.previous else None,
            self.project.code_fingerprint, self.input_fingerprint, record.report.check_counts(),
        )  # fmt: skip
        return write_release(
            self.engine, self.project, record.warehouse, facts, lambda draft: self._site(draft, name), self.last
        )

    def _site(self, draft: Path, name: str) -> None:
        """Write the site of a release. A block whose query fails costs a warning, not the release."""
        record = self.record
        if record.settings.site:
            for told in write_site(draft, draft / SITE, SiteFacts(name, self.as_of), record.settings):
                record.tell(Event("site", "block", told, is_bad=True))

    def _report_figures(self) -> None:
        session = self.engine.session()
        self.record.report.kpis = headline_kpis(session, self.project)
        self.record.report.alerts = out_of_band(session, self.project)
        self.record.report.changes = changes(session, self.project)
        session.close()

    def _expire(self) -> None:
        """Remove old releases. If one cannot be removed, only warn: the night is already published."""
        try:
            expire(self.record.warehouse, clock.now())
        except OSError as error:
            self.record.tell(Event("retention", "releases", f"old releases could not be removed: {error}", is_bad=True))
