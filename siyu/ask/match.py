"""`siyu match`: pairs of an outside matcher, Splink, for reference/matcher_pairs.csv."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siyu.ask.lookup import Lookup
from siyu.ask.match_files import (
    TABLE,
    Pair,
    latest_model,
    models_folder,
    read_model,
    write_model,
    write_pairs,
)
from siyu.ask.match_gate import SIDES, Judged, by_decisions, by_labels, check, decided_pairs, write_sides
from siyu.ask.match_rows import (
    ROWS,
    Blocking,
    Field,
    Kind,
    counted,
    lessons_of,
    own_fields,
    rules_of,
    with_pair_count,
    write_rows,
    write_same,
)
from siyu.ask.splink_model import PAIRS, SEED, predict, scores, splink_version, trained, versions
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError
from siyu.release.releases import PUBLIC, RESTRICTED, Release, current
from siyu.seeds.variables import load_vars
from siyu.settings import Settings


@dataclass(frozen=True)
class Asked:
    """What to match. `model` is a file; without it, and without `is_new`, the latest model of the kind is used."""

    kind: Kind
    least: float
    is_new: bool = False
    model: Path | None = None
    is_forced: bool = False


@dataclass(frozen=True)
class Matched:
    """Pairs that have been written, and how good they are."""

    asked: Asked
    row_count: int
    pair_count: int
    fields: tuple[Field, ...]
    blocking: Blocking
    untrained: tuple[str, ...]
    judged: tuple[Judged, ...]
    model: Path
    is_trained: bool
    path: Path

    @property
    def told(self) -> str:
        """A message for people."""
        lines = [
            f"Splink compared {self.row_count:,} of kind {self.asked.kind} by {', '.join(f.name for f in self.fields)}",
            *(f"blocked by {rule.name}: {rule.pair_count:,} pairs" for rule in self.blocking.used),
            *(
                f"left out {rule.name}: {rule.pair_count:,} pairs would take too long"
                for rule in self.blocking.left_out
            ),
        ]
        if self.untrained:
            lines.append(f"no evidence to learn from: {', '.join(self.untrained)}")
        lines += [one.told for one in self.judged]
        if self.asked.is_forced:
            lines.append("--force: written without regard to these figures")
        lines.append(f"{'trained' if self.is_trained else 'used'} {self.model}")
        least = f"{self.asked.least:g}"
        return "\n".join(
            [
                *lines,
                f"written to {self.path}: {self.pair_count:,} pairs of probability {least} and more.",
                "The next siyu run makes candidates of them.",
            ]
        )


@dataclass(frozen=True)
class _Compared:
    """The rows of the release: how many, the fields with values, those of the layer, and the blocking."""

    count: int
    fields: tuple[Field, ...]
    own: tuple[Field, ...]
    blocking: Blocking


def match(settings: Settings, asked: Asked) -> Matched:
    """Train or read a model, predict pairs, judge them, and write the model and the pairs.

    Raises ConfigError, and writes nothing, without Splink, without a release, with wrong arguments, or if too few pairs
    are right or judged.
    """
    _check(asked)
    splink_version()
    with _release(settings) as (lookup, engine):
        table = lookup.references[TABLE]
        folder = models_folder(settings, table)
        rows = _compared(lookup, asked.kind)
        connection = engine.driver_connection()
        path = asked.model or (None if asked.is_new else latest_model(folder, asked.kind))
        if path is not None:
            model = read_model(path, asked.kind)
            _check_fields(path, model, lookup)
        else:
            model = _new_model(settings, lookup, asked.kind, connection, rows)
        lookup.session.execute(f"set threads = {settings.cores}")
        predict(connection, model["model"], rows.blocking, asked.least)
        judged = _judged(lookup, asked, connection, model["model"], rows.own)
        if not asked.is_forced:
            check(judged)
        pairs = _pairs(lookup)
        if path is None:
            write_model(folder / f"splink-{asked.kind}-{lookup.release.as_of.isoformat()}.json", model)
        return Matched(
            asked=asked,
            row_count=rows.count,
            pair_count=len(pairs),
            fields=rows.fields,
            blocking=rows.blocking,
            untrained=tuple(model["manifest"]["untrained"]),
            judged=judged,
            model=path or folder / f"splink-{asked.kind}-{lookup.release.as_of.isoformat()}.json",
            is_trained=path is None,
            path=write_pairs(settings, table, asked.kind, pairs),
        )


def _compared(lookup: Lookup, kind: Kind) -> _Compared:
    fields, own = write_rows(lookup, kind), own_fields(lookup, kind)
    blocking = counted(lookup.session, rules_of(kind, fields, own))
    return _Compared(int(lookup.session.value(f"select count(*) from {ROWS}")), fields, own, blocking)


def _check(asked: Asked) -> None:
    if not 0 < asked.least <= 1:
        raise ConfigError(
            f"--min-probability is {asked.least:g}", "siyu match", "write a number above 0, up to 1, such as 0.5."
        )
    if asked.is_new and asked.model is not None:
        raise ConfigError("both --train and --model are given", "siyu match", "give one of them.")


def _new_model(settings: Settings, lookup: Lookup, kind: Kind, connection: Any, rows: _Compared) -> dict[str, Any]:
    """Train a model. Its manifest says what it was trained on."""
    if len(rows.fields) < 2 or not rows.blocking.used:
        raise ConfigError(
            f"the release has too little to compare: {rows.count} of kind {kind}, {len(rows.fields)} fields with two"
            f" values, {len(rows.blocking.used)} rules of blocking with pairs",
            str(lookup.release.path),
            "a matcher needs two fields, and two rows that agree in one of them.",
        )
    share = float(load_vars(settings)["candidate_share"])
    lessons = [with_pair_count(lookup.session, rule) for rule in lessons_of(kind, rows.fields, rows.own)]
    write_same(lookup, kind, rows.fields, rows.own)
    model = trained(connection, rows.fields, rows.blocking, lessons, min(2 * share / rows.count, 0.5))
    manifest = {
        "kind": kind,
        "release": lookup.release.name,
        "as_of": lookup.release.as_of.isoformat(),
        "row_count": rows.count,
        "seed": SEED,
        "fields": [field.name for field in rows.fields],
        "blocking": {rule.name: rule.pair_count for rule in rows.blocking.used},
        "left_out": {rule.name: rule.pair_count for rule in rows.blocking.left_out},
        "trained_on": {rule.name: rule.pair_count for rule in lessons},
        "untrained": list(model.untrained),
        "versions": versions(),
    }
    return {"manifest": manifest, "model": model.settings}


def _check_fields(path: Path, model: dict[str, Any], lookup: Lookup) -> None:
    had = {column.name for column in lookup.session.columns(ROWS)}
    lacking = [c["output_column_name"] for c in model["model"]["comparisons"] if c["output_column_name"] not in had]
    if lacking:
        raise ConfigError(
            f"the model compares {', '.join(lacking)}, which this release does not have",
            str(path),
            "siyu match --train writes a new model.",
        )


def _judged(
    lookup: Lookup, asked: Asked, connection: Any, model: dict[str, Any], own: tuple[Field, ...]
) -> tuple[Judged, ...]:
    decided = decided_pairs(lookup, asked.kind)
    found: list[tuple[int, float]] = []
    if decided:
        write_sides(lookup, asked.kind, decided, own)
        found = scores(connection, model, SIDES)
    by_people = by_decisions(decided, found, asked.least)
    return (*by_labels(lookup), by_people) if asked.kind == "person" else (by_people,)


def _pairs(lookup: Lookup) -> list[Pair]:
    rows = lookup.session.rows(
        f"select a.record, b.record, p.probability from {PAIRS} as p join {ROWS} as a on p.left_key = a.key"
        f" join {ROWS} as b on p.right_key = b.key order by 1, 2"
    )
    return [(left, right, float(probability)) for left, right, probability in rows]


@contextmanager
def _release(settings: Settings) -> Iterator[tuple[Lookup, DuckEngine]]:
    """Open the current release for reading, in a database in memory with room for the tables of a matcher.

    It begins with one thread.
    """
    release = current(settings.warehouse)
    if release is None:
        raise ConfigError("there is no release yet", str(settings.warehouse), "siyu run builds the first one.")
    inputs = RunInputs(release.as_of.isoformat(), settings.timezone, "")
    with tempfile.TemporaryDirectory() as spill:
        engine = DuckEngine(None, inputs, memory_limit=settings.memory_limit, temp_directory=Path(spill))
        with closing(engine):
            for alias, name in (("public", PUBLIC), ("restricted", RESTRICTED)):
                engine.attach(_file(release, name), alias, writable=False)
            with closing(engine.session()) as session:
                yield Lookup(settings, release, session), engine


def _file(release: Release, name: str) -> Path:
    path = release.path / name
    try:
        path.open("rb").close()
    except OSError as error:
        fix = "only its owner may read personal values: ask whoever runs siyu."
        raise ConfigError(f"you may not read {name} of the release", str(path), fix) from error
    return path
