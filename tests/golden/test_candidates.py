"""Candidates of a dirty simulated world against its truth; nothing merges without a decision or the setting."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from siyu.layers import base_layer
from siyu.settings import Settings
from siyu.simulate import simulate_exports
from tests.golden.identity import Built, build, land, settings_of

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("candidates")]

PEOPLE, SEED = 1500, 11  # not the seed on which the weights were looked at
GENERATORS = "candidate_generators.csv"
CANDIDATES = {path.stem for path in (base_layer() / "models" / "identity" / "candidates").glob("*.sql")}


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "benchmark_of_candidates", base_layer() / "benchmarks" / "candidates.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, benchmark: ModuleType) -> Settings:
    """A dirty world that has landed."""
    root = tmp_path_factory.mktemp("candidates")
    simulate_exports(root / "exports", people=PEOPLE, days=180, seed=SEED, knobs=benchmark.DIRT)
    settings = settings_of(root, root / "exports")
    land(settings)
    return settings


@pytest.fixture(scope="module")
def built(warehouse: Settings) -> dict[str, Path]:
    """Builds of the same landing: as it comes, without generators, and with candidates that join by themselves."""
    layer = warehouse.exports.parent / "layer" if warehouse.exports else Path()
    (layer / "seeds" / "reference").mkdir(parents=True)
    builds = {"on": _built(warehouse)}
    with_layer = warehouse.model_copy(update={"layers": (*warehouse.layers, layer)})
    switched = (
        (base_layer() / "seeds" / "reference" / GENERATORS).read_text(encoding="utf-8").replace(",true,", ",false,")
    )
    (layer / "seeds" / "reference" / GENERATORS).write_text(switched, encoding="utf-8")
    builds["off"] = _built(with_layer)
    (layer / "seeds" / "reference" / GENERATORS).unlink()
    (layer / "seeds" / "vars.yml").write_text("join_candidates_from: 0.75\n", encoding="utf-8")
    builds["joining"] = _built(with_layer)
    return builds


def _built(settings: Settings) -> Path:
    """Build, and keep the database: the next build replaces it."""
    database = Built(build(settings).settings).settings.warehouse / "build" / "build.duckdb"
    kept = database.with_name(f"kept_{len(list(database.parent.glob('kept_*')))}.duckdb")
    shutil.copyfile(database, kept)
    return kept


def _connect(built: dict[str, Path], name: str) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"attach '{built[name]}' as built (read_only)")
    con.execute("use built")
    return con


def test_most_missed_pairs_are_candidates_and_most_candidates_are_right(
    warehouse: Settings, built: dict[str, Path], benchmark: ModuleType
) -> None:
    """Measured by the benchmark's own SQL, which knows the truth, the ID maps and the candidates only."""
    assert warehouse.exports is not None
    con = _connect(built, "on")
    benchmark.judge(con, warehouse.exports)
    benchmark.report(con, warehouse.exports)
    for entity in ("person", "company"):
        every = {row.generator: row for row in benchmark.found(con, entity)}
        missed = benchmark.pieces(con, entity).nameable
        assert every[""].recalled / missed >= 0.6, entity
        assert every[""].right_of_first / every[""].of_first >= 0.8, entity
    con.close()


def test_nothing_merges_on_a_guess(built: dict[str, Path]) -> None:
    """With all generators off, no other table of identity has another row. Everything after identity reads it."""
    on, off = _connect(built, "on"), _connect(built, "off")
    tables = [
        name for (name,) in on.execute(
            "select table_name from duckdb_tables() where schema_name = 'identity' and database_name = 'built'"
        ).fetchall() if name not in CANDIDATES
    ]  # fmt: skip
    assert len(tables) > 35
    for table in sorted(tables):
        where = " where metric not like 'candidate%' and metric <> 'missed_pairs'" if table == "identity_metric" else ""
        query = f"select count(*), coalesce(sum(hash(t)), 0) from identity.{table} as t{where}"
        assert on.execute(query).fetchall() == off.execute(query).fetchall(), table
    assert on.execute("select count(*) > 100 from identity.candidate").fetchall() == [(True,)]
    assert off.execute("select count(*) from identity.candidate").fetchall() == [(0,)]


def test_no_later_model_reads_a_candidate() -> None:
    """What follows is the same too: only the models that join by themselves read candidates, and the metric."""
    readers = {
        path.stem
        for path in (base_layer() / "models").rglob("*.sql")
        for name in CANDIDATES - {"candidate_company_name"}
        if f"ref('{name}')" in path.read_text(encoding="utf-8") and path.stem not in CANDIDATES
    }
    assert readers == {"node_person", "account_id", "identity_metric", "person_audit", "company_audit"}


def test_what_joins_by_itself_is_marked_and_can_be_switched_off(built: dict[str, Path]) -> None:
    on, joining = _connect(built, "on"), _connect(built, "joining")
    joined = joining.execute(
        "select entity, left_id, right_id, score from identity.candidate where status = 'joined' order by candidate_no"
    ).fetchall()
    assert len([row for row in joined if row[0] == "person"]) > 5
    assert all(left == right and score >= 0.75 for _, left, right, score in joined)
    people = "select count(distinct one_id) from identity.one_id"
    before, after = on.execute(people).fetchall()[0][0], joining.execute(people).fetchall()[0][0]
    assert before - after == len([row for row in joined if row[0] == "person"])
    listed = joining.execute(
        "select count(*) from identity.identity_audit where reason = 'joined_candidate' and detail like 'score %'"
    ).fetchall()
    assert listed == [(len(joined),)]
    assert on.execute("select count(*) from identity.candidate where status = 'joined'").fetchall() == [(0,)]
    # Both logins of a person stay two people whatever the score.
    uniques = joining.execute(
        "select count(*) from (select one_id, id_type from identity.one_id where id_type in ('unionid', 'member_id')"
        " group by all having count(*) > 1)"
    ).fetchall()
    assert uniques == [(0,)]
