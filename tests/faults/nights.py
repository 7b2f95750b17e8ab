"""A world of quiet nights, and what a night tells on-call after a fault was planted in what it delivers.

Most of it is known when everything has landed, within two seconds: stale channels, changed columns, refused files,
unusual landings, wrong settings. So a night of a fault ends there if landing has something to tell. Otherwise it goes
on to its models and checks, which takes a minute.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from siyu.build.database import open_engine
from siyu.errors import SiyuError
from siyu.landing.channel import commit_landing, land_channel
from siyu.landing.channel_status import channel_status
from siyu.landing.comparison import comparisons, reference_comparisons
from siyu.landing.drift import standing_drift
from siyu.landing.file import Landing
from siyu.landing.profile import add_missing, known_profiles
from siyu.landing.unusual import Limits
from siyu.night.request import Request, check_as_of, default_as_of
from siyu.report.message import concerns
from siyu.report.status import as_json
from siyu.report.summary import Report
from siyu.seeds.channels import load_channels
from siyu.seeds.references import load_references, stored
from siyu.seeds.variables import load_vars
from siyu.settings import Settings, load_settings
from siyu.simulate import simulate_exports
from siyu.warehouse.ledger import Ledger
from tests.faults.planted import Delivery, Fault

SALT = "a salt for faults, long enough"
LAST_DAY = date(2026, 6, 30)
DAY = date(2026, 6, 23)  # the night of the faults: complete lists come that day


@dataclass(frozen=True)
class Page:
    """One thing that on-call is told: what tells it, and the line."""

    by: str
    told: str


def pages(report: Report) -> list[Page]:
    """Return what a run tells on-call, the most urgent first."""
    found = [Page("failed", report.error)] if report.error else []
    if report.first_failure:
        found.append(Page("failed", f"{report.first_failure.name}: {report.first_failure.problem}"))
    return found + [Page(one.kind, one.told) for one in concerns(as_json(report, None)) if one.told]


@dataclass(frozen=True)
class World:
    """Simulated exports, with the nights up to the day before DAY landed one by one. `root` is only read, but for its
    folder of the night: a fault gets copies."""

    root: Path
    channels: tuple[str, ...]

    def settings(self, root: Path | None = None) -> Settings:
        """Settings of the world itself, or of a copy."""
        folder = root or self.root
        return load_settings(
            folder, warehouse=folder / "warehouse", exports=folder / "exports", channels=self.channels,
            families=("identity",), layers=(),
        )  # fmt: skip

    def copy(self, root: Path) -> None:
        """Copy warehouse and exports. Files of rows are linked: nobody writes to one."""
        for name in ("warehouse", "exports"):
            shutil.copytree(self.root / name, root / name, copy_function=_linked)

    def night(self, root: Path, fault: Fault | None = None) -> list[Page]:
        """Land the night of DAY in a copy, with a fault. Return what on-call is told of it."""
        self.copy(root)
        delivered = root / "night"
        shutil.copytree(self.root / "nights" / f"night={DAY}", delivered)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIYU_SALT", SALT)
            if fault:
                fault.spoil(Delivery(delivered, root / "exports", DAY))
                for name, value in fault.settings.items():
                    patch.setenv(name, value)
            deliver(delivered, root / "exports")
            return land(self.settings(root))


def make_world(root: Path, people: int, days: int, nights: int, channels: Sequence[str] = ()) -> World:
    """Simulate, and land the first load and the last `nights` nights before DAY."""
    settled = (LAST_DAY - DAY).days + 1
    world = World(root, tuple(channels))
    simulate_exports(root / "nights", people=people, days=days, seed=7, last_day=LAST_DAY, nights=nights + settled)
    (root / "exports").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        settings = world.settings()
        with closing(Ledger(settings.warehouse / "ledger.sqlite")) as ledger:
            ledger.check_salt(settings.salt_fingerprint)
            first = DAY - timedelta(days=nights + 1)
            for day in [first, *(first + timedelta(days=n + 1) for n in range(nights))]:
                deliver(root / "nights" if day == first else root / "nights" / f"night={day}", root / "exports")
                _land(settings, ledger, day)
    return world


def _land(settings: Settings, ledger: Ledger, day: date) -> Report:
    """Land a night and report on it, without compiling models, which landing does not need."""
    scratch, timezone = settings.warehouse / "landing", settings.timezone
    shutil.rmtree(scratch, ignore_errors=True)
    known = {file.identity: file for file in ledger.files()}
    landing = Landing(*ledger.next_landing(day), settings.warehouse, scratch, known)
    found = load_channels(settings)
    channels = {name: found[name] for name in settings.channels or found}
    engine = open_engine(settings, day, scratch, in_memory=True)
    limits = Limits.of(load_vars(settings))
    with closing(engine), closing(engine.session()) as session:
        results = {
            name: land_channel(session, one, one.source_folder(settings.exports_root), landing)
            for name, one in channels.items()
        }
        commit_landing(ledger, landing, list(results.values()), stored(load_references(settings), settings.warehouse))
        add_missing(session, channels, ledger, settings.warehouse, limits.history + 1)
    files, landings = ledger.files(), ledger.landings()
    statuses = [
        channel_status(one, files, landings, results[name].problems, day, timezone) for name, one in channels.items()
    ]
    drift = standing_drift(channels, files, ledger.file_drift(), landings, day)
    compared = comparisons(channels, files, known_profiles(ledger, None), limits, landings, day, list(channels))
    compared += reference_comparisons(ledger.reference_versions(), settings.warehouse, landing.seq, limits)
    report = Report(day, settings.warehouse, status="landed")
    report.set_channels(statuses, results, drift, compared)
    return report


def land(settings: Settings) -> list[Page]:
    """Land a night. Return what it tells on-call before its models are built."""
    try:
        with closing(Ledger(settings.warehouse / "ledger.sqlite")) as ledger:
            day = default_as_of(settings)
            check_as_of(settings, Request(), day, ledger)
            ledger.check_salt(settings.salt_fingerprint)
            return pages(_land(settings, ledger, day))
    except SiyuError as error:
        return [Page("failed", str(error))]


def deliver(night: Path, exports: Path) -> None:
    """Copy what a night delivers into the exports folder."""
    for path in sorted(night.rglob("*")):
        name = path.relative_to(night)
        if path.is_file() and not name.parts[0].startswith(("night=", "truth")):
            target = exports / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copyfile(path, target)


def _linked(source: str, target: str) -> str:
    if source.endswith((".sqlite", ".json", ".yml")):
        return shutil.copy2(source, target)
    os.link(source, target)
    return target
