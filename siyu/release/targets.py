"""BI targets beside the files of a release. Each is fed from the current release, after it was published."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from siyu.engines.amounts import part
from siyu.engines.base import ANY_INPUTS, Session
from siyu.engines.duckdb import DuckEngine
from siyu.engines.postgresql import Address, Postgres, Unreachable, address, driver, patiently
from siyu.errors import ConfigError
from siyu.release.releases import PUBLIC, RESTRICTED, Release
from siyu.release.target_catalog import Place
from siyu.release.target_load import Load, Tell
from siyu.release.target_tables import FILE, RAW, target_tables
from siyu.settings import Settings

POSTGRESQL = "postgresql"
PARTS = 4  # of the memory limit, beside a night whose own engine still holds its share


@dataclass(frozen=True)
class Loading:
    """What a load did. `tables` is how many were loaded; 0 if the target had the release already."""

    tables: int
    notes: list[str] = field(default_factory=list)


def check_targets(settings: Settings) -> None:
    """Raise ConfigError if a target cannot work: no connection, a wrong URL, no driver. Nothing is connected."""
    if POSTGRESQL in settings.targets:
        driver(settings.place("targets"))
        _address(settings)


def _address(settings: Settings) -> Address:
    if settings.postgresql is None:
        raise ConfigError(
            "the target postgresql has no connection", settings.place("targets"),
            "set SIYU_POSTGRESQL to postgresql://user@host:5432/database: docs/postgresql.md.",
        )  # fmt: skip
    return address(settings.postgresql.get_secret_value(), settings.place("postgresql"))


def load_target(settings: Settings, name: str, release: Release, tell: Tell) -> Loading:
    """Load a release into a target, unless the target has it. Raises TargetFailed: then the target keeps what it had.

    A server that does not answer is tried again for some seconds.
    """
    to = _address(settings)
    return patiently(lambda: _load(settings, to, release, tell), lambda error: isinstance(error, Unreachable))


def _load(settings: Settings, to: Address, release: Release, tell: Tell) -> Loading:
    place = Place(settings.postgresql_prefix)
    with _files(settings, release) as session, closing(Postgres(to, session.streamed)) as server:
        tables = target_tables(
            session, release, place.prefix, place.restricted, settings.postgresql_restricted
        )  # fmt: skip
        load = Load(server, session, release, place, tell)
        return Loading(load.run(tables), load.notes)


@contextmanager
def _files(settings: Settings, release: Release) -> Iterator[Session]:
    """Open the files of a release to read."""
    spill = settings.warehouse.resolve() / "targets"
    spill.mkdir(mode=0o700, exist_ok=True)
    engine = DuckEngine(
        None, ANY_INPUTS, threads=settings.cores, memory_limit=part(settings.memory_limit, PARTS),
        temp_directory=spill / "spill",
    )  # fmt: skip
    try:
        engine.attach(release.path / PUBLIC, FILE, writable=False)
        if settings.postgresql_restricted:
            engine.attach(release.path / RESTRICTED, RAW, writable=False)
        with closing(engine.session()) as session:
            yield session
    finally:
        engine.close()
        shutil.rmtree(spill, ignore_errors=True)
