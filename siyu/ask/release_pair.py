"""Two releases side by side: find them on disk, and open their public files, which have no personal values."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import quoted
from siyu.errors import ConfigError, EngineFault, WrongQuestion, nearest
from siyu.release.releases import MANIFEST, PUBLIC, Release, current, releases
from siyu.settings import Settings

BEFORE, AFTER = "before", "after"
ONE_ID, ACCOUNT_ID = "identity.one_id", "identity.account_id"
# Two releases with this many people each that share no ID were made with two salts, or from the data of two companies.
FEWEST_PEOPLE = 10


@dataclass(frozen=True)
class Side:
    """One of two releases. `relations` and `columns` (name -> type) are by table, also for schema ops; `grains` are the
    columns that identify a row of a model, as its header names them."""

    name: str
    as_of: date
    run_id: int
    manifest: Mapping[str, Any]
    relations: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]
    grains: Mapping[str, tuple[str, ...]]

    def has(self, *tables: str) -> bool:
        """Whether the release has all of these tables."""
        return all(table in self.relations for table in tables)

    @property
    def tables(self) -> Mapping[str, Any]:
        """table -> its rows and content_hash, of all tables but those of schema ops."""
        found: Mapping[str, Any] = self.manifest["tables"]
        return found


@dataclass(frozen=True)
class Pair:
    """Two releases that one session can read."""

    session: Session
    before: Side
    after: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        """Before, after."""
        return self.before, self.after

    def has(self, *tables: str) -> bool:
        """Whether both releases have all of these tables."""
        return self.before.has(*tables) and self.after.has(*tables)

    def is_same(self, table: str) -> bool:
        """Whether the manifests say that a table has the same content in both releases."""
        before, after = (side.tables.get(table, {}).get("content_hash") for side in self.sides)
        versions = {side.manifest.get("hash_version") for side in self.sides}
        return before is not None and before == after and len(versions) == 1


def find_release(warehouse: Path, text: str) -> Release:
    """Return the release that a user names: current, previous, a business date, the name or the path of a folder.

    Raises WrongQuestion if there is none, or ConfigError before the first release.
    """
    found = releases(warehouse)
    if "/" in text or "\\" in text:
        return _at(Path(text))
    if not found:
        raise ConfigError("there is no release yet", str(warehouse), "siyu run builds the first one.")
    if text in ("current", "previous"):
        return _relative(warehouse, found, text)
    of_date = [release for release in found if release.as_of.isoformat() == text]
    nightly = [release for release in of_date if release.manifest["known_by"] is None]
    named = [release for release in found if release.name == text]
    chosen = (named or nightly or of_date)[-1:]
    if not chosen:
        names = [release.name for release in found]
        fix = nearest(text, names) or f"the newest are {', '.join(names[:-4:-1])}."
        raise WrongQuestion(f"there is no release {text!r}", str(warehouse / "releases"), fix)
    return chosen[0]


def _at(path: Path) -> Release:
    """Return the release in a folder, which may lie in another warehouse."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return Release(path.resolve(), date.fromisoformat(manifest["as_of"]), manifest["run_id"], manifest)
    except (OSError, ValueError, KeyError) as error:
        fix = f"name a folder with a complete {MANIFEST}, such as warehouse/releases/2026-06-30-000001."
        raise WrongQuestion("this folder is not a release", str(path), fix) from error


def _relative(warehouse: Path, found: Sequence[Release], text: str) -> Release:
    now = current(warehouse)
    if now is None:
        raise ConfigError("no release is current", str(warehouse / "current"), "siyu run publishes one.")
    if text == "current":
        return now
    name = now.manifest["previous_release"]
    if name is None:
        others = [release.name for release in found if release.name != now.name]
        fix = f"name one: {', '.join(others[::-1][:3])}." if others else "the next night has one to compare with."
        raise WrongQuestion(f"{now.name} is the first night: it was compared with no release", str(now.path), fix)
    for release in found:
        if release.name == name:
            return release
    raise WrongQuestion(
        f"{name}, with which {now.name} was compared, is gone",
        str(warehouse / "releases"),
        "name a release that is there.",
    )


@contextmanager
def open_pair(settings: Settings, before: Release, after: Release) -> Iterator[Pair]:
    """Open two releases for reading. Whatever does not fit into the memory limit goes to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="siyu-diff-") as spill:
        engine = DuckEngine(
            None,
            RunInputs(after.as_of.isoformat(), settings.timezone, ""),
            threads=settings.cores,
            memory_limit=settings.memory_limit,
            temp_directory=Path(spill),
            reach=[before.path, after.path],
        )
        try:
            attach_release(engine, before, BEFORE)
            attach_release(engine, after, AFTER)
            session = engine.session()
            pair = Pair(session, read_side(session, before, [BEFORE]), read_side(session, after, [AFTER]))
            require_common_people(pair)
            yield pair
            session.close()
        finally:
            engine.close()


def attach_release(engine: DuckEngine, release: Release, alias: str) -> None:
    """Attach the public file of a release. Raises ConfigError if it is gone, or an error that names the file."""
    path = release.path / PUBLIC
    if not path.is_file():
        raise ConfigError(f"the release has no {PUBLIC}", str(path), "the file was removed; compare another release.")
    try:
        engine.attach(path, alias, writable=False)
    except EngineFault as error:
        raise EngineFault(error.problem, str(path), error.fix) from error


def read_side(
    session: Session, release: Release, aliases: Sequence[str], grains: Mapping[str, tuple[str, ...]] | None = None
) -> Side:
    """Return a release whose tables are in attached files; a table is in the first file that has it.

    Without `grains`, they are those of ops.model.
    """
    relations: dict[str, str] = {}
    columns: dict[str, dict[str, str]] = {}
    for alias in reversed(aliases):
        for table, found in _columns(session, alias).items():
            if table.startswith("ops.") or table in release.manifest["tables"]:
                relations[table], columns[table] = f"{alias}.{_relation(table)}", found
    if grains is None:
        rows = session.rows(f"select model, grain from {relations['ops.model']}") if "ops.model" in relations else []
        grains = {model: tuple(name for name in grain.split(", ") if name) for model, grain in rows}
    return Side(release.name, release.as_of, release.run_id, release.manifest, relations, columns, grains)


def _columns(session: Session, alias: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    rows = session.rows(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        f" where database_name = {quoted(alias)} and not internal order by table_oid, column_index"
    )
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def _relation(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'{schema}."{name}"'


def require_common_people(pair: Pair) -> None:
    """Raise WrongQuestion if no ID is in both releases: every row would differ."""
    if not pair.has(ONE_ID) or pair.is_same(ONE_ID):
        return
    before, after = (side.relations[ONE_ID] for side in pair.sides)
    counts = [pair.session.value(f"select count(distinct one_id) from {relation}") for relation in (before, after)]
    is_shared = pair.session.value(f"select exists (from {before} as b semi join {after} as a using (one_id))")
    if min(counts) >= FEWEST_PEOPLE and not is_shared:
        raise WrongQuestion(
            f"no person of {pair.before.name} ({counts[0]:,}) is in {pair.after.name} ({counts[1]:,}):"
            " they were made with different salts, or from different data",
            ONE_ID,
            "compare releases of one warehouse, or of warehouses with the same salt.",
        )
