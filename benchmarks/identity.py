"""What OneID costs: connected components beside their peers, then the whole family of identity models.

Components: one graph of N records and 2.1 N edges (clusters, chains of 50, hubs) in a DuckDB file; siyu's fixpoint,
DuckDB's recursive CTE USING KEY, scipy and networkx each read it and write (node, least node) back. Every one is a
process of its own, on as many threads; seconds are those of the work, without start and imports, memory is the peak of
the process. All four tables must be equal. The target: within 3 times scipy, ahead of the CTE and of networkx.

Identity: N records of some N / 16 people (cookies, logins, mobiles, switchboards, kiosks, re-issued mobiles) through
every model from records to the published tables; less than 4 GB at 10 million.

    python benchmarks/identity.py                 100,000 and 1,000,000
    python benchmarks/identity.py --large         10,000,000, too
    python benchmarks/identity.py --records 200000 --runs 1
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
from measuring import KEY, measure

from siyu.build.database import prepare, write_previous, write_sources
from siyu.build.materialization import build_model
from siyu.build.parallel import run_in_order
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.settings import load_settings

SIZES = (100_000, 1_000_000)
LARGE = 10_000_000
NETWORKX_UP_TO = 1_000_000
MEMORY_LIMIT = "2500MB"  # of DuckDB's buffers; a process takes some more
INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", KEY)
CONTRACT = """
channel: anything
title: 任意 Anything
domain: private
owner: benchmarks
freshness_hours: 24
exports:
  rows:
    files: "*.csv"
    format: csv
    key: [id]
    columns:
      id: {type: text, required: true}
"""
# A row in sixteen is a form, an order or a contact that carries more than a cookie.
RECORDS = """
with numbered as (
    select i, hash(i, 1) % ({people}) as p, hash(i, 2) % 16 as kind, hash(i, 3) as h from range({records}) as r(i)
)
select
    'anything' as channel, 'rows:' || i as record_id, 1 + i % 30 as landed_seq,
    timestamptz '2026-01-01 00:00:00+00' + to_seconds((h % 15000000)::bigint) as occurred_at,
    case
        when kind < 10 then 'cookie-' || p || '-' || h % 2
        when kind = 15 and p % 50 = 0 then 'kiosk-' || p // 50 % 20
    end as cookie_id,
    case when kind in (4, 5, 6, 12) and p % 3 = 0 then 'member-' || p end as member_id,
    case when kind in (10, 11) then 'o' || lpad(p::varchar, 27, 'u') end as unionid,
    case when kind = 10 then 'o' || lpad(p::varchar, 27, 'p') end as openid,
    case when kind in (9, 11, 12, 13, 15)
        then '+8613' || lpad(
            (case when h % 97 = 0 then p // 300 else 1000000 + p - p % 200 // 199 end)::varchar, 9, '0'
        ) end as mobile,
    case when kind in (13, 14) then 'person' || p || '@firm' || p // 50 || '.cn' end as email,
    case when kind = 14 then 'K-' || p end as crm_contact_id
from numbered
"""
GRAPH = """
create table graph as
with nodes as (
    select i, i - i % 10 as first, hash(i, 4) as h, i % 500 < 50 as is_chain from range({records}) as r(i)
),
edges as (
    select i as a, case when is_chain then i - 1 else first + h % greatest(i - first, 1) end as b from nodes
    where case when is_chain then i % 50 > 0 else i > first end
    union all
    select i, first + hash(i, n, 5) % 10 from nodes, range(2) as k(n) where not is_chain
    union all
    select i, i - i % 20000 from nodes where hash(i, 6) % 100 = 0
),
numbers as (
    select i, row_number() over (order by hash(i, 7), i) as node from nodes
)
select distinct greatest(x.node, y.node)::bigint as node, least(x.node, y.node)::bigint as parent
from edges as e inner join numbers as x on e.a = x.i inner join numbers as y on e.b = y.i
where x.node <> y.node
"""


def by_fixpoint(database: Path, settings_root: Path) -> float:
    """The models of the components, as a night builds them."""
    settings = load_settings(settings_root)
    project = compile_project(settings, selection=["identity.component"])
    engine = DuckEngine(database, INPUTS, threads=settings.cores)
    prepare(engine, project)
    session = engine.session()
    session.execute("create or replace view identity.node_edge as select node, parent from main.graph")
    session.close()
    names = [name for name in project.models if name.startswith("identity.component")]
    seconds = sum(build_model(engine, project, name).seconds for name in names)
    engine.close()
    return seconds


def by_using_key(database: Path, _root: Path) -> float:
    """Labels flow along edges; USING KEY keeps one row a node. The least label that reaches a node is found before it
    is compared with what the node has: that is three times faster than the other way round."""
    con = duckdb.connect(str(database), config={"threads": load_settings().cores})
    started = time.perf_counter()
    con.execute("""
        create or replace table using_key as
        with recursive both_ways as materialized (
            select node as a, parent as b from graph union all select parent as a, node as b from graph
        ),
        labels (node, label) using key (node) as (
            select a, least(a, min(b)) from both_ways group by a
            union
            select n.node, n.label
            from (
                select e.b as node, min(l.label) as label
                from labels as l inner join both_ways as e on l.node = e.a
                group by e.b
            ) as n
            inner join recurring.labels as r on n.node = r.node
            where n.label < r.label
        )
        select node, label as parent from labels where node <> label
    """)
    seconds = time.perf_counter() - started
    con.close()
    return seconds


def _write(con: duckdb.DuckDBPyConnection, table: str, nodes: np.ndarray, least: np.ndarray) -> None:
    moved = nodes != least
    con.register("found", {"node": nodes[moved], "parent": least[moved]})
    con.execute(f"create or replace table {table} as select node, parent from found")


def by_scipy(database: Path, _root: Path) -> float:
    """A sparse matrix over the arrays that DuckDB gives."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    con = duckdb.connect(str(database), config={"threads": load_settings().cores})
    started = time.perf_counter()
    edges = con.execute("select node, parent from graph").fetchnumpy()
    size = int(max(edges["node"].max(), edges["parent"].max())) + 1
    matrix = coo_matrix((np.ones(len(edges["node"]), dtype=np.int8), (edges["node"], edges["parent"])), (size, size))
    count, labels = connected_components(matrix, directed=False)
    nodes, first = np.arange(size), np.empty(count, dtype=np.int64)
    first[labels[::-1]] = nodes[::-1]  # the last one written stays: the least
    _write(con, "scipy", nodes, first[labels])
    seconds = time.perf_counter() - started
    con.close()
    return seconds


def by_networkx(database: Path, _root: Path) -> float:
    """The graph as Python objects."""
    import networkx

    con = duckdb.connect(str(database), config={"threads": load_settings().cores})
    started = time.perf_counter()
    edges = con.execute("select node, parent from graph").fetchnumpy()
    graph = networkx.Graph()
    graph.add_edges_from(zip(edges["node"].tolist(), edges["parent"].tolist(), strict=True))
    pairs = [
        (node, least) for found in networkx.connected_components(graph) for least in (min(found),) for node in found
    ]
    _write(con, "networkx", *np.array(pairs).T)
    seconds = time.perf_counter() - started
    con.close()
    return seconds


def make_graph(database: Path, _root: Path) -> float:
    """The graph, in a process of its own: what a process has used by then counts as used by those it starts."""
    started = time.perf_counter()
    with duckdb.connect(str(database)) as con:
        con.execute(GRAPH.format(records=int(os.environ["BENCHMARK_RECORDS"])))
    return time.perf_counter() - started


def whole_family(database: Path, root: Path) -> float:
    """Every model of schemas records and identity over records that stand in staging already."""
    settings = load_settings(root)
    project = compile_project(settings, selection=["+identity.*"])
    engine = DuckEngine(
        database, INPUTS, threads=settings.cores, memory_limit=settings.memory_limit, temp_directory=root / "spill"
    )
    prepare(engine, project)
    names = [name for name in project.models if name.startswith(("records.", "identity."))]
    write_sources(engine, project, [], root, names)
    write_previous(engine, project, {})
    _stage(engine, project, int(os.environ["BENCHMARK_RECORDS"]))
    graph = {name: project.graph[name] for name in names}
    started = time.perf_counter()
    runs = run_in_order(graph, names, lambda name: build_model(engine, project, name), settings.cores)
    seconds = time.perf_counter() - started
    engine.close()
    slowest = sorted(runs, key=lambda run: -run.seconds)[:6]
    (root / "models.json").write_text(json.dumps([(run.model, run.seconds, run.row_count) for run in slowest]))
    return seconds


def _stage(engine: DuckEngine, project: Project, records: int) -> None:
    session = engine.session()
    for name in project.models:
        if name.startswith("staging."):
            columns = {c.name: c.type for c in project.binder.columns(name)}
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            session.execute(f"create or replace table {name} ({listed})")
    rows = RECORDS.format(people=max(records // 16, 1), records=records)
    session.execute(f"insert into staging.anything__touch by name {rows}")
    session.close()


METHODS: dict[str, Callable[[Path, Path], float]] = {
    "graph": make_graph,
    "siyu": by_fixpoint,
    "using_key": by_using_key,
    "scipy": by_scipy,
    "networkx": by_networkx,
    "family": whole_family,
}
TITLES = {"siyu": "siyu fixpoint", "using_key": "recursive CTE USING KEY", "scipy": "scipy", "networkx": "networkx"}
TABLES = {"siyu": "identity.component"}


def write_layer(root: Path) -> None:
    """One channel whose touches carry any identifier."""
    staging = root / "layer" / "models" / "staging" / "anything__touch.sql"
    contract = root / "layer" / "seeds" / "channels" / "anything.yml"
    for path in (staging, contract):
        path.parent.mkdir(parents=True)
    contract.write_text(CONTRACT, encoding="utf-8")
    names = ["cookie_id", "member_id", "unionid", "openid", "mobile", "email", "crm_contact_id"]
    columns = ",\n    ".join(f"cast(null as varchar) as {name}" for name in names)
    staging.write_text(
        "/*\ndescription: Rows.\ngrain: [record_id]\n*/\nselect\n    'anything' as channel,\n    id as record_id,\n"
        f"    _landed_seq as landed_seq,\n    {columns},\n    cast(null as timestamptz) as occurred_at\n"
        "from {{ source('anything', 'rows') }}\n",
        encoding="utf-8",
    )


def run_method(name: str, database: Path, root: Path, records: int) -> tuple[float, float]:
    """Seconds of the work and peak MiB of its process."""
    environment = os.environ | {
        "SIYU_LAYERS": str(root / "layer"),
        "SIYU_CHANNELS": "anything",
        "SIYU_WAREHOUSE": str(root / "warehouse"),
        "SIYU_SALT": KEY,
        "SIYU_MEMORY_LIMIT": MEMORY_LIMIT,
        "BENCHMARK_RECORDS": str(records),
    }
    _, memory = measure([sys.executable, __file__, "--method", name, str(database), str(root)], environment)
    return float((root / "seconds.txt").read_text()), memory


def compare_components(root: Path, records: int, runs: int) -> None:
    """Every method on one graph, in turn."""
    database = root / "graph.duckdb"
    run_method("graph", database, root, records)
    with duckdb.connect(str(database), read_only=True) as con:
        edges = con.execute("select count(*) from graph").fetchall()[0][0]
    print(f"components of {records:,} records, {edges:,} edges")
    names = [name for name in TITLES if name != "networkx" or records <= NETWORKX_UP_TO]
    for name in ("scipy", "networkx"):
        if name in names and find_spec(name) is None:
            print(f"  {name} is not installed here")
            names.remove(name)
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            told[name].append(run_method(name, database, root, records))
    middle = {name: statistics.median(seconds for seconds, _ in figures) for name, figures in told.items()}
    for name in names:
        ratio = f"{middle[name] / middle['scipy']:6.2f} x scipy" if "scipy" in middle else ""
        print(f"  {TITLES[name]:<24} {middle[name]:8.2f} s {max(m for _, m in told[name]):8.0f} MiB {ratio}")
    _check_equal(database, names)
    database.unlink()


def _check_equal(database: Path, names: list[str]) -> None:
    with duckdb.connect(str(database), read_only=True) as con:
        sums = {
            name: con.execute(
                f"select count(*), sum(hash(node, parent)::hugeint) from {TABLES.get(name, name)}"
            ).fetchall()
            for name in names
        }
    if len({str(value) for value in sums.values()}) != 1:
        raise SystemExit(f"not the same components: {sums}")


def time_family(root: Path, records: int, runs: int) -> None:
    """Identity as a whole."""
    told = []
    for _ in range(runs):
        database = root / "family.duckdb"
        told.append(run_method("family", database, root, records))
        database.unlink()
    seconds = statistics.median(value for value, _ in told)
    print(f"identity of {records:,} records, records to published tables")
    print(f"  {'all models':<24} {seconds:8.2f} s {max(memory for _, memory in told):8.0f} MiB")
    for model, taken, rows in json.loads((root / "models.json").read_text()):
        print(f"    {model:<34} {taken:8.2f} s {rows:>12,} rows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, action="append")
    parser.add_argument("--large", action="store_true", help="10,000,000 records, too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--method", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.method:
        name, database, root = arguments.method
        seconds = METHODS[name](Path(database), Path(root))
        (Path(root) / "seconds.txt").write_text(str(seconds))
        return
    for records in arguments.records or (*SIZES, *([LARGE] if arguments.large else [])):
        with tempfile.TemporaryDirectory() as folder:
            write_layer(Path(folder))
            compare_components(Path(folder), records, arguments.runs if records < LARGE else 1)
            time_family(Path(folder), records, arguments.runs if records < LARGE else 1)


if __name__ == "__main__":
    main()
