"""Owners over six nights of a changing company: models and plain Python agree, and owners stay."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from siyu.build.database import prepare, write_sources
from siyu.build.materialization import build_model
from siyu.compile.compiler import compile_project
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.settings import load_settings
from tests.audience.owners import Earlier, Owners, Someone, owners_of
from tests.loading import load_rows

FIRST = date(2026, 6, 1)
NIGHTS = 6
PEOPLE = 300
TERRITORIES = ("华东", "华北", "华南", "东北")
MODELS = ("audience.person_owner", "audience.person_owner_history")
GIVEN = (
    "audience.audience_person", "audience.handoff_qualification", "identity.person", "identity.one_id_alias",
    "tags.person_scope", "tags.person_link", "journey.deal_hold", "records.deal",
)  # fmt: skip
Tables = dict[str, list[dict[str, Any]]]

pytestmark = pytest.mark.xdist_group("owners")


@dataclass
class Company:
    """People and staff, as one night finds them. `chance` decides what happens until the next night."""

    chance: random.Random
    people: list[Someone] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    territories: list[tuple[str, str]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def begin(self) -> None:
        self.roles = {
            **{f"S{i}": "sales" for i in range(6)},
            **{f"D{i}": "sdr" for i in range(3)},
            "V0": "service",
            "M0": "marketing",
        }
        self.territories = [("华东", "S0"), ("华东", "S1"), ("华北", "S1"), ("华北", "D0"), ("华南", "D1")]
        self.people = [self._newcomer() for _ in range(PEOPLE)]

    def go_on(self) -> None:
        """People come, merge and change; a member of staff leaves, another begins."""
        chance = self.chance
        self.aliases = {}
        self.people = [self._changed(one) if chance.random() < 0.1 else one for one in self.people]
        self.people += [self._newcomer() for _ in range(chance.randint(0, 40))]
        for _ in range(3):
            gone = self.people.pop(chance.randrange(len(self.people)))
            self.aliases[gone.one_id] = chance.choice(self.people).one_id
        if chance.random() < 0.5:
            del self.roles[chance.choice([name for name, role in self.roles.items() if role in ("sales", "sdr")])]
            self.number += 1
            self.roles[f"S{self.number + 10}"] = chance.choice(("sales", "sdr"))

    def _newcomer(self) -> Someone:
        self.number += 1
        return self._changed(Someone(f"P{self.number:05d}", "", False, False, None, None, {}, ()))

    def _changed(self, one: Someone) -> Someone:
        chance = self.chance
        staff = [*self.roles, "X9"]
        claims = [
            (basis, self._moment() if chance.random() < 0.9 else None, f"{basis}{i}", chance.choice(staff))
            for basis in ("opportunity", "link")
            for i in range(chance.choice((0, 0, 0, 1, 2)))
        ]
        return Someone(
            one.one_id,
            chance.choices(("prospect", "customer", "partner", "kept_out"), (6, 2, 1, 1))[0],
            chance.random() < 0.85,
            chance.random() < 0.2,
            chance.choice((*TERRITORIES, None)),
            self._moment() if chance.random() < 0.9 else None,
            {step: self._moment() for step in ("marketing_to_sdr", "sdr_to_sales") if chance.random() < 0.3},
            tuple(claims),
        )

    def _moment(self) -> datetime:
        """One of few moments, so that many are equal."""
        return datetime(2026, 5, 1) + timedelta(hours=self.chance.randrange(40))

    def tables(self) -> Tables:
        rows: Tables = {name: [] for name in (*GIVEN, "reference.staff", "reference.territory_staff")}
        for key, one in enumerate(self.people, start=1):
            who = {"one_id": one.one_id, "person_key": key}
            rows["audience.audience_person"].append({**who, "audience": one.audience, "sales_territory": one.territory})
            rows["identity.person"].append({**who, "first_seen_at": one.first_seen})
            rows["tags.person_scope"].append({**who, "is_reachable": one.is_reachable, "is_served": one.is_served})
            rows["audience.handoff_qualification"] += [
                {**who, "step": step, "segment_no": 0, "qualified_at": moment} for step, moment in one.qualified.items()
            ]
            for basis, moment, name, staff_id in one.claims:
                found = {"person_key": key, "channel": "crm", "record_id": f"{key}:{name}"}
                if basis == "link":
                    rows["tags.person_link"].append(
                        {**found, "touchpoint": "wecom", "holder_id": staff_id, "started_at": moment}
                    )
                else:
                    column = "sdr_id" if self.roles.get(staff_id) == "sdr" else "staff_id"
                    deal = {**found, "kind": "opportunity", "deal_id": name, "hold": "open", "held_from": moment}
                    rows["journey.deal_hold"].append(deal)
                    rows["records.deal"].append({"channel": "crm", "record_id": f"{key}:{name}", column: staff_id})
        rows["identity.one_id_alias"] = [
            {"former_one_id": former, "one_id": now, "is_primary": True} for former, now in self.aliases.items()
        ]
        rows["reference.staff"] = [{"staff_id": name, "role": role} for name, role in self.roles.items()]
        rows["reference.territory_staff"] = [{"territory": t, "staff_id": s} for t, s in self.territories]
        return rows


History = list[dict[str, Any]]


def built(project: Project, day: date, tables: Tables, history: History, scratch: Path, threads: int = 2) -> Owners:
    """Build the owners of one night, and replace `history` by what the next night reads."""
    engine = DuckEngine(None, RunInputs(day.isoformat(), "Asia/Shanghai", "test"), threads=threads)
    prepare(engine, project)
    read = {name.partition(".")[2] for model in MODELS for name in project.models[model].sources}
    references = {name: table for name, table in project.references.items() if name in read}
    write_sources(engine, replace(project, references=references), [], Path(), [])
    session = engine.session()
    for name in (*GIVEN, "reference.staff", "reference.territory_staff"):
        _fill(session, project, name, relation(name), tables[name], scratch)
    earlier = "previous.audience__person_owner_history"
    _fill(session, project, MODELS[1], earlier, history, scratch)
    for name in MODELS:
        build_model(engine, project, name)
    rows = session.rows("select one_id, role, staff_id, basis from audience.person_owner")
    history[:] = session.named_rows("select * from audience.person_owner_history")
    session.close()
    engine.close()
    assert len(rows) == len({row[:2] for row in rows})
    return {(one_id, role): (staff_id, basis) for one_id, role, staff_id, basis in rows}


def _fill(session: Any, project: Project, name: str, table: str, rows: History, scratch: Path) -> None:
    columns = project.binder.columns(relation(name))
    listed = ", ".join(f'"{column.name}" {column.type}' for column in columns)
    session.execute(f"create or replace table {table} ({listed})")
    if rows:
        load_rows(session, scratch, table, rows)


def open_assignments(history: History, aliases: dict[str, str]) -> Earlier:
    found: dict[tuple[str, str], list[tuple[bool, date, str]]] = {}
    for row in history:
        if row["valid_to"] is None:
            one_id = aliases.get(row["one_id"], row["one_id"])
            found.setdefault((one_id, row["role"]), []).append(
                (one_id != row["one_id"], row["valid_from"], row["staff_id"])
            )
    return found


@dataclass(frozen=True)
class Night:
    day: date
    company: Company
    tables: Tables
    before: History
    owners: Owners


@pytest.fixture(scope="module")
def nights(project: Project, tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    company, scratch = Company(random.Random(5)), tmp_path_factory.mktemp("owners")
    company.begin()
    history: History = []
    found = []
    for number in range(NIGHTS):
        day = FIRST + timedelta(days=number)
        before = list(history)
        owners = built(project, day, company.tables(), history, scratch)
        copy = Company(
            random.Random(0), list(company.people), dict(company.roles), company.territories, dict(company.aliases)
        )
        found.append(Night(day, copy, company.tables(), before, owners))
        company.go_on()
    return found


def test_plain_python_gives_the_same_owners(nights: list[Night]) -> None:
    for night in nights:
        company = night.company
        earlier = open_assignments(night.before, company.aliases)
        assert night.owners == owners_of(company.people, company.roles, company.territories, earlier), night.day
    seen = {basis for night in nights for _, basis in night.owners.values()}
    assert seen == {"opportunity", "link", "kept", "territory", "pool"}


def test_nobody_changes_the_owner_without_a_reason(nights: list[Night]) -> None:
    """A reason is an opportunity, a link, or that the former owner left or has no such role any more."""
    kept = 0
    for before, after in pairwise(nights):
        for (one_id, role), (staff_id, basis) in after.owners.items():
            former, former_basis = before.owners.get((one_id, role), ("", "link"))
            if former_basis in ("opportunity", "link") or basis in ("opportunity", "link"):
                continue
            if after.company.roles.get(former) == role:
                assert (staff_id, basis) == (former, "kept"), (after.day, one_id, role)
                kept += 1
    assert kept > PEOPLE


def test_neither_the_order_of_rows_nor_threads_decide(project: Project, nights: list[Night], tmp_path: Path) -> None:
    chance = random.Random(8)
    for night in (nights[0], nights[3]):
        tables = {name: chance.sample(rows, len(rows)) for name, rows in night.tables.items()}
        history = chance.sample(night.before, len(night.before))
        assert built(project, night.day, tables, history, tmp_path, threads=1) == night.owners


def test_the_pool_goes_to_who_has_the_fewest_people(nights: list[Night]) -> None:
    for night in nights:
        for role in ("sdr", "sales", "service"):
            members = [name for name, own in night.company.roles.items() if own == role]
            loads = Counter(staff_id for (_, own), (staff_id, _) in night.owners.items() if own == role)
            got = {staff_id for (_, own), (staff_id, basis) in night.owners.items() if (own, basis) == (role, "pool")}
            assert got, (night.day, role)
            assert max(loads[name] for name in got) - min(loads[name] for name in members) <= 1, (night.day, role)


def test_a_build_of_the_owners_alone_knows_their_history(tmp_path: Path) -> None:
    """siyu build --select audience.person_owner: the model reads earlier rows of a model that is not selected."""
    project = compile_project(load_settings(tmp_path), selection=["audience.person_owner"])
    assert set(MODELS) <= set(project.models)
    project.binder.close()
