"""Histories into the real compiled models, on DuckDB in memory, and what comes out."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from siyu.build.database import prepare, write_previous, write_sources
from siyu.build.materialization import build_model
from siyu.compile.compiler import compile_project
from siyu.compile.graph import upstream
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.layers import base_layer
from siyu.settings import load_settings
from tests.journey.histories import AS_OF, TABLES
from tests.journey.reference import (
    Contact,
    Deal,
    Interval,
    Link,
    Person,
    Row,
    Rules,
    Touch,
    Transition,
    read_rules,
)
from tests.loading import load_rows

RULE_TABLES = (
    "stage_rules", "thresholds", "score_rules", "sequence_rules", "ask_levels", "calls_to_action", "sincere_actions",
    "content", "campaigns", "free_mail_domains", "stages",
)  # fmt: skip
LOOKED_AT = ("journey.stage_transition", "journey.stage_interval", "journey.person_stage", "journey.lead_score")
# Given as they are; what they read is not built.
GIVEN = ("identity.record_person", "identity.one_id", "identity.person", "journey.exclusion")
STRANGER = "+8613700000000"  # a mobile of one_id that is somebody else's
SHAPES: dict[Any, str] = {Touch: "touch", Contact: "contact", Link: "link", Deal: "deal"}
NOT_COLUMNS = ("channel", "is_current", "is_theirs")
# A channel whose staged rows name any channel, and may have every column that a record of the tests has.
CHANNEL = "anything"
TYPES = {"amount": "decimal(18,2)", "line_no": "bigint"}
CONTRACT_TYPES = {"varchar": "text", "bigint": "integer"}
COLUMNS = {
    shape: {
        name: TYPES.get(name, "timestamp" if name.endswith("_at") else "varchar")
        for name in (*(f.name for f in fields(made)), *(("line_no",) if made is Deal else ()))
        if name not in (*NOT_COLUMNS, "record_id")
    }
    for made, shape in SHAPES.items()
}

Record = Touch | Contact | Link | Deal


def one_id_of(person_key: int) -> str:
    return f"P{person_key:06d}"


def rule_rows() -> dict[str, list[Row]]:
    """The rule tables of the base layer, but for those of the tests."""
    found: dict[str, list[Row]] = {}
    for name in RULE_TABLES:
        path = base_layer() / "seeds" / "reference" / f"{name}.csv"
        text = TABLES.get(name) or path.read_text(encoding="utf-8")
        added = list(csv.DictReader(io.StringIO(TABLES.get(f"{name}.add", ""))))
        keys = {next(iter(row.values())) for row in added}
        rows = csv.DictReader(io.StringIO(text))
        found[name] = [row for row in rows if next(iter(row.values())) not in keys] + added
    return found


def rules_of_tests() -> Rules:
    return read_rules(rule_rows(), AS_OF)


def compiled(root: Path) -> Project:
    """The base layer's models over the rule tables of the tests, and one channel whose rows are whatever they are."""
    layer = root / "layer"
    for name, text in TABLES.items():
        _write(layer / "seeds" / "reference" / f"{name}.csv", text)
    _write(layer / "seeds" / "channels" / f"{CHANNEL}.yml", _contract())
    for shape, columns in COLUMNS.items():
        listed = ",\n    ".join(f"cast({name} as {kind}) as {name}" for name, kind in columns.items())
        _write(
            layer / "models" / "staging" / f"{CHANNEL}__{shape}.sql",
            f"/*\ndescription: Rows.\ngrain: [record_id]\n*/\nselect\n    '{CHANNEL}' as channel,\n"
            f"    record_id,\n    _landed_seq as landed_seq,\n    {listed}\n"
            f"from {{{{ source('{CHANNEL}', '{shape}s') }}}}\n",
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "journey, long enough to be one")
        settings = load_settings(root, warehouse=root / "warehouse", layers=(layer,), channels=(CHANNEL,))
        return compile_project(settings)


def _contract() -> str:
    text = f"channel: {CHANNEL}\ntitle: 任意 Anything\ndomain: private\nowner: tests\nfreshness_hours: 24\nexports:\n"
    for shape, columns in COLUMNS.items():
        text += f"  {shape}s:\n    files: '*.{shape}'\n    format: csv\n    key: [record_id]\n    columns:\n"
        text += "      record_id: {type: text, required: true}\n"
        text += "".join(
            f"      {name}: {{type: '{CONTRACT_TYPES.get(kind, kind)}'}}\n" for name, kind in columns.items()
        )
    return text


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class Models:
    """An engine that holds all people at once; the models are built when it is made."""

    def __init__(self, project: Project, people: Mapping[int, Person], scratch: Path) -> None:
        self.project, self.scratch = project, scratch
        self.engine = DuckEngine(None, RunInputs(AS_OF.isoformat(), "Asia/Shanghai", "test"), threads=2)
        prepare(self.engine, project)
        self.session = self.engine.session()
        write_sources(self.engine, project, [], Path(), [n for n in project.models if not n.startswith("staging.")])
        write_previous(self.engine, project, {})
        for name in project.models:
            if name.startswith("staging.") or name in GIVEN:
                self._empty(name)
        self._fill(people)
        needed = upstream({n: set() if n in GIVEN else reads for n, reads in project.graph.items()}, LOOKED_AT)
        for name in project.models:
            if name in needed and name not in GIVEN and not name.startswith("staging."):
                build_model(self.engine, project, name)

    def close(self) -> None:
        self.session.close()
        self.engine.close()

    def _empty(self, name: str) -> None:
        columns = self.project.binder.columns(relation(name))
        listed = ", ".join(f'"{column.name}" {column.type}' for column in columns)
        self.session.execute(f"create or replace table {relation(name)} ({listed})")

    def _fill(self, people: Mapping[int, Person]) -> None:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for key, person in people.items():
            named = {"person_key": key, "one_id": one_id_of(key)}
            rows["identity.person"].append(named)
            for kind, values in (("mobile", person.mobiles), ("email", person.emails)):
                rows["identity.one_id"] += [{"id_type": kind, "id_value": value, **named} for value in sorted(values)]
            for row in person.exclusions:
                told = {f.name: getattr(row, f.name) for f in fields(row)}
                rows["journey.exclusion"].append({**told, **named, "signal": "test"})
            for record in records_of(person):
                rows[staging_of(record)].append(_row(record))
            owners = {(r.channel, r.record_id): getattr(r, "is_theirs", True) for r in records_of(person)}
            for (channel, record_id), is_theirs in owners.items():
                owner = named if is_theirs else {}
                rows["identity.record_person"].append({"channel": channel, "record_id": record_id, **owner})
        rows["identity.one_id"].append(
            {"id_type": "mobile", "id_value": STRANGER, "person_key": 0, "one_id": one_id_of(0)}
        )
        for number, identifier in enumerate(rows["identity.one_id"]):
            identifier["node"] = number
        for name, found in rows.items():
            load_rows(self.session, self.scratch, name, found)

    def transitions(self) -> dict[str, list[Transition]]:
        """one_id -> moves, in no order."""
        return self._by_person(
            "select one_id, moved_at, from_stage, to_stage, direction, reason, channel, record_id"
            " from journey.stage_transition",
            Transition,
        )

    def intervals(self) -> dict[str, list[Interval]]:
        return self._by_person(
            "select one_id, stage, is_dormant, valid_from, valid_to from journey.stage_interval", Interval
        )

    def parts(self) -> dict[str, list[tuple[Any, ...]]]:
        """part, rule (NULL of a call), channel, record_id, occurred_at, listed, points, halvings, decay, score"""
        return self._by_person(
            "select one_id, part, case when part <> 'call_to_action' then rule end, channel, record_id, occurred_at,"
            " listed_points, points, halvings, decay, score from journey.lead_score_part",
            lambda *row: row,
        )

    def scores(self) -> dict[str, list[tuple[Any, ...]]]:
        """score, behaviour_score, sequence_score, call_score, part_count, last_part_at"""
        return self._by_person(
            "select one_id, score, behaviour_score, sequence_score, call_score, part_count, last_part_at"
            " from journey.lead_score",
            lambda *row: row,
        )

    def standing(self) -> dict[str, list[tuple[Any, ...]]]:
        """stage, is_dormant, since_at, days_in_stage, is_lead"""
        return self._by_person(
            "select one_id, stage, is_dormant, since_at, days_in_stage, is_lead from journey.person_stage",
            lambda *row: row,
        )

    def _by_person(self, sql: str, made: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for one_id, *row in self.session.rows(sql):
            found[one_id].append(made(*row))
        return found


def records_of(person: Person) -> Iterable[Record]:
    return (*person.touches, *person.contacts, *person.links, *person.deals)


def staging_of(record: Record) -> str:
    superseded = "" if getattr(record, "is_current", True) else "__superseded"
    return f"staging.{CHANNEL}__{SHAPES[type(record)]}{superseded}"


def _row(record: Record) -> dict[str, Any]:
    """A record as its columns; what the models compare is given as it would be after staging."""
    told = {f.name: getattr(record, f.name) for f in fields(record) if f.name not in NOT_COLUMNS}
    return {"channel": record.channel, "landed_seq": 1, **told, **({"line_no": 1} if isinstance(record, Deal) else {})}
