"""The first phase: lock the warehouse, compile the project, land new export files."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType

from filelock import BaseFileLock

from siyu import clock
from siyu.build.database import open_engine
from siyu.check.suites import Suite, load_suites
from siyu.compile import families
from siyu.compile.cache import digest
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.duckdb import DuckEngine
from siyu.errors import WarehouseBusy
from siyu.landing.channel import ChannelLanding, commit_landing, land_channel
from siyu.landing.channel_status import channel_status
from siyu.landing.comparison import Comparison, comparisons, reference_comparisons
from siyu.landing.drift import standing_drift
from siyu.landing.file import Landing, name_label, shown_name
from siyu.landing.journal import sweep
from siyu.landing.profile import add_missing, known_profiles
from siyu.landing.unusual import Limits
from siyu.night.building import Landed
from siyu.night.channel_list import channels_to_land, check_landed
from siyu.night.edited import edited
from siyu.night.record import NOT_STARTED, RunRecord
from siyu.night.request import Request, check_as_of, check_exports, default_as_of, references_in_force
from siyu.night.run_key import input_fingerprint
from siyu.night.target_loads import load
from siyu.release.history import previous_run
from siyu.release.publish import release_views
from siyu.release.releases import Release, current
from siyu.release.targets import check_targets
from siyu.report import events
from siyu.report.events import Event
from siyu.report.site.writing import check_site
from siyu.report.summary import Report, TargetLine
from siyu.settings import Settings
from siyu.warehouse.ledger import LandedFile, Ledger
from siyu.warehouse.lock import is_backfilling, lock

BACKFILL_WAIT = 7200.0  # seconds: longer than any date takes
# They contain raw rows: only the owner of the warehouse may read them.
PRIVATE_FOLDERS = ("landed", "history")


class Night(AbstractContextManager["Opened"]):
    """A run that holds the warehouse. Use it as a context manager: an error inside ends the run as failed."""

    def __init__(
        self, settings: Settings, request: Request, tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._record = RunRecord(settings, request, tell)

    @property
    def report(self) -> Report:
        """The report of the run so far."""
        return self._record.report

    def __enter__(self) -> Opened:
        record = self._record
        with record.resources:
            try:
                held = _hold(record)
            except WarehouseBusy as error:
                record.report.status, record.report.error = NOT_STARTED, str(error)
                raise
            record.resources.callback(held.release)
            ledger = Ledger(record.warehouse / "ledger.sqlite")
            record.resources.callback(ledger.close)
            try:
                wrong = record.find_addressees()
                record.begin(ledger)
                if wrong is not None:
                    raise wrong
                opened = _open(record)
            except BaseException as error:
                record.fail(error)
                record.notify()
                raise
            record.resources = record.resources.pop_all()
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._record.resources:
            if error is not None:
                self._record.fail(error)
            else:
                self._record.end(self.report.status)
            self._record.notify()


def _hold(record: RunRecord) -> BaseFileLock:
    """Lock the warehouse. A backfill releases it after each date, so wait for that. Raises WarehouseBusy."""
    try:
        return lock(record.warehouse)
    except WarehouseBusy:
        wait = record.request.max_wait or (BACKFILL_WAIT if is_backfilling(record.warehouse) else 0.0)
        if not wait:
            raise
    told = f"another run holds it; this one waits until it is free, at most {wait / 60:.0f} minutes"
    record.tell(Event("waiting", "warehouse", told))
    return lock(record.warehouse, wait)


def _open(record: RunRecord) -> Opened:
    settings, request, ledger, warehouse = record.settings, record.request, record.ledger, record.warehouse
    check_targets(settings)
    as_of = record.report.as_of = request.as_of or default_as_of(settings)
    check_as_of(settings, request, as_of, ledger)
    ledger.check_salt(settings.salt_fingerprint)
    for private in PRIVATE_FOLDERS:
        (warehouse / private).mkdir(mode=0o700, exist_ok=True)
    project = compile_project(settings, references_in_force(settings, ledger, warehouse, request.known_by))
    record.resources.callback(project.binder.close)
    record.report.edited = edited(settings.roots, current(warehouse))
    check_landed(project, ledger, request.known_by)
    channels = channels_to_land(request, project, ledger)
    for warning in project.shapes.identifiers.warnings:
        record.tell(Event("warning", "identifier_types.csv", warning, is_bad=True))
    suites = _checked(project)
    record.report.families = families.told(settings, project.models)
    record.report.unchecked = [line for suite in suites.values() if (line := suite.told_left_out)]
    check_exports(settings, project.channels.values(), ledger)
    sweep(warehouse, ledger.files())
    scratch = warehouse / "landing"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    record.stage = "land"
    engine = open_engine(settings, as_of, scratch, in_memory=True)
    record.resources.callback(engine.close)
    with closing(engine.session()) as session:
        ledger.mask_file_names(lambda file: shown_name(file, name_label(session, file)))
        ledger.mask_record_ids(lambda value: str(session.value("select fn_mask(?)", [str(value)])))
    _correct_dates(record, as_of)
    # What a backfill lands became known today: a date in the past would make later files look older than they are.
    number, day = ledger.next_landing(default_as_of(settings) if request.is_backfill else as_of)
    known = {file.identity: file for file in ledger.files()}
    landing = Landing(number, day, warehouse, scratch, known)
    return Opened(record, as_of, project, channels, suites, engine, landing)


def _checked(project: Project) -> dict[str, Suite]:
    """Check what only a night needs. Return the suites. What was worked out before a mistake was found is kept, too."""
    try:
        suites = load_suites(project)
        check_site(project.settings)  # a mistake in a page is told before anything is built
        project.check_unchanged()
        project.check_privacy()
        project.check_previous()
        release_views(project)
    finally:
        project.cache.save()
    return suites


def _correct_dates(record: RunRecord, as_of: date) -> None:
    """Change the date of landings with a future date to as_of, unless the run itself has a future date."""
    today = clock.today(record.settings.timezone)
    if as_of <= today and record.request.known_by is None:
        for number in record.ledger.correct_landings(as_of, today):
            told = f"its date was in the future; it counts as of {as_of} now"
            record.tell(Event("corrected", f"landing {number}", told, is_bad=True))


@dataclass(frozen=True)
class Opened:
    """The warehouse is locked and the project is compiled. Several channels may land at a time."""

    record: RunRecord
    as_of: date
    project: Project
    channels: list[str]  # the channels to land
    suites: dict[str, Suite]
    engine: DuckEngine
    landing: Landing
    _landings: dict[str, ChannelLanding] = field(default_factory=dict)

    def land(self, name: str) -> ChannelLanding:
        """Land the new files of a channel."""
        channel = self.project.channels[name]
        with self.record.step("land", name), closing(self.engine.session()) as session:
            folder = channel.source_folder(self.record.settings.exports_root)
            result = land_channel(session, channel, folder, self.landing)
        self._landings[name] = result
        self.record.tell(events.landed(result, len(self.channels)))
        return result

    def targets(self) -> dict[str, Release]:
        """Return the targets to load, with the release that is current now. A restatement by known_by changes none."""
        release = current(self.record.warehouse)
        if release is None or self.record.request.known_by is not None:
            return {}
        return dict.fromkeys(self.record.settings.targets, release)

    def load_target(self, name: str, release: Release) -> TargetLine:
        """Load a release into a target, unless it is there. An error is in the line."""
        line = load(self.record.settings, name, release, self.record.tell)
        self.record.report.targets.append(line)
        return line

    def commit(self) -> Landed:
        """Commit what has landed, in one transaction of the ledger, after the last channel. Return the next phase."""
        record, known_by = self.record, self.record.request.known_by
        results = [self._landings[name] for name in sorted(self._landings)]
        if known_by is None:
            problems = self._problems(results)
            record.ledger.add_problems(record.run_id, problems)
            commit_landing(record.ledger, self.landing, results, self.project.references)
        else:
            problems = record.ledger.problems(known_by)
        files, landings = record.ledger.files(known_by), record.ledger.landings(known_by)
        compared = self._compared(files, known_by)
        statuses = [
            channel_status(
                c, files, landings, problems.get(name, []), self.as_of, record.settings.timezone,
                is_retired=name in record.settings.retired_channels,
            )
            for name, c in self.project.channels.items()
        ]  # fmt: skip
        drift = standing_drift(self.project.channels, files, record.ledger.file_drift(known_by), landings, self.as_of)
        record.report.set_channels(statuses, self._landings, drift, compared)
        record.report.landed_only = list(record.request.channels)
        fingerprint = input_fingerprint(self.project, files, statuses, landings)
        previous = previous_run(record.ledger, self.as_of)
        run_key = digest(
            self.as_of, known_by, fingerprint, self.project.code_fingerprint,
            record.settings.content_fingerprint, previous.name if previous else None,
        )  # fmt: skip
        record.update(
            run_key=run_key,
            as_of=self.as_of.isoformat(),
            known_by=known_by.isoformat() if known_by else None,
            code_fingerprint=self.project.code_fingerprint,
            input_fingerprint=fingerprint,
            previous_release=previous.name if previous else None,
        )
        return Landed(
            record, self.as_of, self.project, self.suites, self.engine, files, statuses, drift, previous, fingerprint,
            run_key, compared,
        )  # fmt: skip

    def _compared(self, files: Sequence[LandedFile], known_by: date | None) -> list[Comparison]:
        """Compare what landed last with what landed before. A run with known_by lands nothing, and profiles nothing."""
        ledger, limits = self.record.ledger, Limits.of(self.project.variables)
        if known_by is None:
            with closing(self.engine.session()) as session:
                add_missing(session, self.project.channels, ledger, self.record.warehouse, limits.history + 1)
        profiles = known_profiles(ledger, known_by)
        landings = ledger.landings(known_by)
        night = self.as_of if known_by is None else max(landings.values())
        found = comparisons(self.project.channels, files, profiles, limits, landings, night, self.channels)
        versions = ledger.reference_versions(known_by)
        return found + reference_comparisons(versions, self.record.warehouse, max(landings, default=0), limits)

    def _problems(self, results: Sequence[ChannelLanding]) -> dict[str, list[str]]:
        """Return the problems of the channels that landed now, and the last problems of the other channels."""
        before = self.record.ledger.last_problems()
        others = {name: texts for name, texts in before.items() if name in self.project.channels}
        return others | {result.channel: result.problems for result in results}
