"""What models promise by config(restate=…): the rows of a key come from what the inputs say of that key alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from siyu.build.database import open_engine
from siyu.build.differences import Changes, Pair, quoted_list, same_key
from siyu.build.scratch import Scratch
from siyu.build.source_changes import ChangedKeys
from siyu.build.staged import StagedRecords
from siyu.build.touched import TouchedKeys
from siyu.compile.project import CompiledModel, Project
from siyu.compile.promises import ALL, kind_of, query_of_part, through_of, turns_of
from siyu.compile.template import source_relation
from siyu.engines.base import Engine, RunInputs, Session
from siyu.engines.functions import FUNCTIONS
from siyu.landing.current_rows import SourceQueries, source_queries
from siyu.layers import base_layer
from siyu.settings import SAMPLE_SALT
from siyu.warehouse.ledger import Ledger
from tests.golden.conftest import Ran

pytestmark = pytest.mark.xdist_group("restatement")
DAY = date(2026, 6, 30)
# 2 %, 20 % and half of the keys, each another choice; and nobody, which many records belong to.
CHOICES = ((1, 20), (2, 200), (3, 500))
FILES = sorted((base_layer() / "models").rglob("*.sql"))


def _models_with(text: str) -> list[str]:
    named = {f"{path.relative_to(base_layer() / 'models').parts[0]}.{path.stem}": path for path in FILES}
    return [name for name, path in named.items() if text in path.read_text(encoding="utf-8")]


RESTATED, TURNING = _models_with("restate="), _models_with("calendar=")
DATES = (date(2026, 6, 29), date(2026, 6, 21))


@pytest.fixture(scope="module")
def engine(night: Ran, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A copy of the build of the sample's night."""
    warehouse = tmp_path_factory.mktemp("restated")
    for name in ("build", "landed"):
        shutil.copytree(night.settings.warehouse / name, warehouse / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SAMPLE_SALT)
        opened = open_engine(night.settings.model_copy(update={"warehouse": warehouse}), DAY, warehouse / "build")
    session = opened.session()
    session.execute("create schema differences")
    session.close()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sources(night: Ran, engine: Engine, project: Project) -> dict[str, SourceQueries]:
    """The queries of all exports, over the files of the copy."""
    assert engine.path is not None
    store = engine.path.parents[1]
    ledger = Ledger(night.settings.warehouse / "ledger.sqlite")
    files = ledger.files()
    ledger.close()
    found = {}
    for channel in project.channels.values():
        for name, export in channel.exports.items():
            mine = [file for file in files if file.channel == channel.channel and file.export == name]
            now, old = (source_relation(channel.channel, name, superseded) for superseded in (False, True))
            found[now] = found[old] = source_queries(now, old, export, mine, store, timezone=channel.timezone)
    return found


@pytest.mark.parametrize("name", RESTATED)
def test_rows_of_a_key_need_only_its_inputs(
    engine: Engine, project: Project, sources: dict[str, SourceQueries], name: str
) -> None:
    model = project.models[name]
    compared = 0
    for seed, share in CHOICES:
        session = engine.session()
        scratch = Scratch(session)
        choose = _staged if model.model.schema == "staging" else _touched
        keys = choose(scratch, project, model, sources, f"hash({{}}, {seed}) % 1000 < {share}")
        columns = quoted_list(column.name for column in model.columns)
        fresh, mine = f"select {columns} from {keys.fresh()}", f"select {columns} from {keys.mine}"
        for one, other in ((fresh, mine), (mine, fresh)):
            assert scratch.count(f"({one} except all {other})") == 0, (name, share)
        compared += scratch.count(keys.mine)
        whole = scratch.count(model.relation)
        session.close()
    assert compared or not whole, name


@pytest.mark.parametrize("name", [name for name in TURNING if not name.startswith("staging.")])
def test_the_business_date_matters_to_the_keys_of_its_calendar_alone(
    night: Ran, engine: Engine, project: Project, name: str
) -> None:
    """The query as of two dates, over the same inputs: the rows that differ are those of keys with such a time."""
    for day in DATES:
        assert _untouched(night, engine, project, project.models[name], day) == 0


def test_a_calendar_that_lacks_a_time_is_found(night: Ran, engine: Engine, project: Project) -> None:
    model = project.models["journey.lead_score_part"]
    first = model.config["calendar"][:1]
    assert _untouched(night, engine, project, replace(model, config={**model.config, "calendar": first}), DATES[1]) > 0


def _untouched(night: Ran, engine: Engine, project: Project, model: CompiledModel, day: date) -> int:
    """Return how many rows differ between a date and that of the night, though the calendar touches none of them."""
    columns = quoted_list(column.name for column in model.columns)
    session = engine.session()
    scratch = Scratch(session)
    with _as_of(session, night, day):
        then = scratch.write(f"select {columns} from (\n{model.sql}\n)")
    keys = TouchedKeys(scratch, Changes(project, (day, DAY)), model)
    keys.find(turns_of(model))
    now = f"(select {columns} from {model.relation})"
    both = f"({now} except all from {then}) union all (from {then} except all {now})"
    found = scratch.count(f"({both}) as d anti join {keys.touched} as k on {same_key('d', 'k', keys.key)}")
    session.close()
    return found


@contextmanager
def _as_of(session: Session, night: Ran, day: date) -> Iterator[None]:
    """Another business date, as the functions of the build database know it."""
    try:
        _set_date(session, night, day)
        yield
    finally:
        _set_date(session, night, DAY)


def _set_date(session: Session, night: Ran, day: date) -> None:
    inputs = RunInputs(day.isoformat(), night.settings.timezone, SAMPLE_SALT)
    for function in FUNCTIONS[:2]:
        session.execute(f"create or replace macro {function.name}() as {function.body(inputs)}")


@pytest.mark.parametrize("name", _models_with("through="))
def test_rows_that_a_model_reaches_through_columns_touch_what_depends_on_them(
    engine: Engine, project: Project, name: str
) -> None:
    """The query without some rows of such a table: what differs is of keys to which the columns lead back."""
    model = project.models[name]
    columns = quoted_list(column.name for column in model.columns)
    differing = 0
    for table, reached in through_of(project, model).items():
        session = engine.session()
        scratch = Scratch(session)
        key = quoted_list(reached)
        gone = scratch.write(f"select * from {table} where hash({key}, 4) % 1000 < 100")
        rest = scratch.write(f"select * from {table} where hash({key}, 4) % 1000 >= 100")
        then = scratch.write(f"select {columns} from (\n{query_of_part(project, model, {table: rest})}\n)")
        changes = Changes(project, (DAY, DAY), pairs={table: Pair(gone, f"(select * from {table} where false)")})
        keys = TouchedKeys(scratch, changes, model)
        keys.find([])
        now = f"(select {columns} from {model.relation})"
        both = scratch.write(f"({now} except all from {then}) union all (from {then} except all {now})")
        differing += scratch.count(both)
        untouched = f"{both} as d anti join {keys.touched} as k on {same_key('d', 'k', keys.key)}"
        assert scratch.count(untouched) == 0, table
        session.close()
    assert differing


def test_what_a_model_reaches_through_columns_is_there(project: Project) -> None:
    for name, model in project.models.items():
        found = through_of(project, model)
        assert len(found) == len(model.config.get("through", {})), name
        for table, columns in found.items():
            assert set(columns) <= {column.name for column in project.models[table].columns}, (name, table)


def _touched(scratch: Scratch, project: Project, model: CompiledModel, _: object, condition: str) -> TouchedKeys:
    found = TouchedKeys(scratch, Changes(project, (DAY, DAY)), model)
    key = quoted_list(found.key)
    nobody = " and ".join(f"{column} is null" for column in found.key)
    found.add(found.key, f"(select distinct {key} from {model.relation} where {condition.format(key)} or {nobody})")
    found.write()
    return found


def _staged(
    scratch: Scratch, project: Project, model: CompiledModel, sources: dict[str, SourceQueries], condition: str
) -> StagedRecords:
    changed: dict[str, ChangedKeys | None] = {}
    for relation in model.sources:
        queries = sources[relation]
        keys = ChangedKeys(queries, f"differences.{queries.relation.replace('.', '__')}")
        keys.find(scratch.session, condition.format(quoted_list(queries.key)))
        keys.replace(scratch.session)
        changed[relation] = keys
    return StagedRecords(scratch, project, model, changed)


def test_models_declare_it(project: Project) -> None:
    declared = {name for name, model in project.models.items() if kind_of(model) != ALL and not model.companion}
    assert declared == set(RESTATED)
    assert {"staging.website__touch", "records.touch", "journey.person_touch", "journey.stage_evidence"} <= declared


def test_a_promise_that_does_not_hold_is_found(engine: Engine, project: Project, tmp_path: Path) -> None:
    """tags.person_scope ranks people against all others, so a part of them has other rows."""
    model = project.models["tags.person_scope"]
    assert kind_of(model) == ALL
    promised = replace(model, config={**model.config, "restate": "person"})
    session = engine.session()
    scratch = Scratch(session)
    keys = _touched(scratch, project, promised, None, "hash({}, 1) % 1000 < 200")
    columns = quoted_list(column.name for column in model.columns)
    assert scratch.count(f"(select {columns} from {keys.fresh()} except all select {columns} from {keys.mine})") > 0
    session.close()
