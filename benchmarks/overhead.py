"""What siyu costs on top of its SQL, in whole processes that run in turn.

tiny      60 tiny models: `siyu build`, and the same compiled statements by a bare DuckDB script. The script has a copy
          of siyu's union-find, so both do the same work
touches   5 million touches, in the same way
night     the sample night by `siyu run`, without Prefect, with and without a compile cache; beside it a dbt project of
          the same number of models, rows, columns and tests, with and without dbt's partial parse. dbt_peer.py says
          how the project is made: dbt does not compute siyu's SQL, and it does not land or publish. So the ratio is
          printed for the whole night, and once more without siyu's phases land and publish
commands  a night with nothing new, `siyu graph`, `siyu sql`: with a warm cache, without one, after an edit

Printed are medians of wall seconds and of CPU seconds (user and system, children included), and the greatest peak of
memory. The comparison with dbt needs a virtualenv with dbt-core and dbt-duckdb: the one of --dbt, or one that is
created for the benchmark. Where there is none, the part about dbt is skipped.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --only night --only commands --dbt dbt_venv
    python benchmarks/overhead.py --tiny-only
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from commands import SIYU, time_commands
from dbt_peer import Size, build_command, check_built, find_dbt, write_dbt_project
from measuring import AS_OF, KEY, Cost, cost, measure, middle, plain_environment
from night_process import Figures, print_phases, timed_night

from siyu.compile.compiler import compile_project
from siyu.compile.project import CompiledModel
from siyu.compile.template import source_relation
from siyu.engines import agglomerate
from siyu.engines.base import RunInputs
from siyu.engines.functions import FUNCTIONS
from siyu.engines.sql import quoted
from siyu.landing.current_rows import source_queries
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.seeds.channels import Channel
from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger

TINY, TOUCHES, PEOPLE = 60, 5_000_000, 235_000

BARE = """
import json, sys, duckdb
plan = json.load(open(sys.argv[1], encoding="utf-8"))
con = duckdb.connect(sys.argv[2], config={"threads": plan["threads"], "memory_limit": "55%"})
for statement in plan["before"]:
    con.execute(statement)
con.execute("set variable siyu_key = ?", [plan["key"]])
union_find = {}
exec(plan["union_find"], union_find)
for step in plan["models"]:
    con.execute(step["create"])
    if step["max_size"]:
        arrays = con.execute(f"select {', '.join(union_find['EDGE_COLUMNS'])} from {step['name']}__edges").fetchnumpy()
        con.register("outcome", union_find["agglomerate"](arrays, step["max_size"]))
        con.execute(step["again"])
        con.unregister("outcome")
        con.execute(f"drop table {step['name']}__edges")
    elif step["again"]:
        digest = f"select count(*), sum(hash(t)::hugeint)::varchar from {step['name']} as t"
        before = con.execute(digest).fetchall()
        while True:
            con.execute(f"create or replace table {step['name']}__next as {step['again']}")
            con.execute(f"drop table {step['name']}")
            con.execute(f"alter table {step['name']}__next rename to {step['name'].partition('.')[2]}")
            after = con.execute(digest).fetchall()
            if after == before:
                break
            before = after
    con.execute(f"select count(*) from {step['name']}").fetchall()
con.close()
"""

CONTRACT = """
channel: bench
title: Benchmark
domain: private
owner: benchmark
exports:
  touches:
    files: "touches.parquet"
    format: parquet
    key: [touch_id]
    columns:
      touch_id:     {type: text, required: true}
      cookie_id:    {type: text}
      member_id:    {type: text}
      occurred_at:  {type: timestamp, required: true}
      behaviour:    {type: text, required: true}
      product_id:   {type: text}
"""
STAGING = """/*
description: Touches of the benchmark.
grain: [record_id]
*/
select
    'bench' as channel,
    'touches:' || touch_id as record_id,
    _landed_seq as landed_seq,
    cookie_id,
    member_id,
    occurred_at,
    behaviour,
    behaviour as action,
    'inbound' as direction,
    product_id
from {{ source('bench', 'touches') }}
"""


def write_tiny_layer(folder: Path) -> None:
    """Sixty models of a few rows, each reading up to two earlier ones."""
    models = folder / "models" / "kpi"
    models.mkdir(parents=True)
    for number in range(TINY):
        reads = [
            f"select n, v from {{{{ ref('tiny_{i:02d}') }}}}" for i in (number // 2, number - 1) if 0 <= i < number
        ]
        source = "\n    union all\n    ".join(reads) or "select 1 as n, cast(2 as bigint) as v"
        (models / f"tiny_{number:02d}.sql").write_text(
            f"/*\ndescription: Tiny model {number}.\ngrain: [n]\n*/\nwith\n\nsources as (\n    {source}\n)\n\n"
            "select\n    n,  -- A number.\n    cast(max(v) + 1 as bigint) as v  -- A value.\n"
            "from sources\ngroup by n\n",
            encoding="utf-8",
        )


def write_touch_layer(folder: Path, exports: Path) -> None:
    """A channel of five million touches as one Parquet export."""
    for name, text in {
        "seeds/channels/bench.yml": CONTRACT,
        "models/staging/bench__touch.sql": STAGING,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    target = exports / "bench" / "touches.parquet"
    target.parent.mkdir(parents=True)
    duckdb.sql(
        f"copy (select 't' || i as touch_id, 'ck' || (hash(i) % {PEOPLE * 2}) as cookie_id,"
        f" case when hash(i, 1) % 20 = 0 then 'member' || (hash(i) % {PEOPLE * 2} // 2) end as member_id,"
        " timestamp '2026-01-01' + to_seconds((hash(i, 2) % 15500000)::bigint) as occurred_at,"
        " ['view','view','view','download','register','interact'][(hash(i, 3) % 6)::int + 1] as behaviour,"
        f" 'P' || (hash(i, 4) % 5) as product_id from range({TOUCHES}) as r(i)) to {quoted(target)} (format parquet)"
    )


def land(settings: Settings) -> None:
    """Land what lies in the exports, and nothing more."""
    with Night(settings, Request(as_of=AS_OF)) as night:
        for channel in night.channels:
            night.land(channel)
        night.commit()


def bare_plan(settings: Settings, selection: list[str]) -> dict[str, object]:
    """The statements that `siyu build` runs, in one order, for a script that knows nothing of siyu."""
    project = compile_project(settings, selection=selection)
    inputs = RunInputs(AS_OF.isoformat(), settings.timezone, KEY)
    before = ["set global TimeZone = 'UTC'"]
    before += [f"create schema if not exists {name}" for name in ("raw", "reference", "ops", "previous")]
    before += [f"create schema if not exists {model.model.schema}" for model in project.models.values()]
    before += [f"create or replace macro {f.name}({f.parameters}) as {f.body(inputs)}" for f in FUNCTIONS]
    ledger = Ledger(settings.warehouse.resolve() / "ledger.sqlite")
    wanted = {source for model in project.models.values() for source in model.sources}
    for channel in project.channels.values():
        before += _sources(channel, wanted, ledger, settings)
    ledger.close()
    for reference in project.references.values():
        columns = ", ".join(f"{quoted(name)}: 'varchar'" for name in reference.columns)
        before.append(
            f"create table reference.{reference.name} as select * from read_csv({quoted(reference.path)},"
            f" auto_detect = false, header = true, columns = {{{columns}}}, nullstr = '', delim = ',')"
        )
    steps = [_step(model) for model in project.models.values()]
    project.binder.close()
    union_find = inspect.getsource(agglomerate)
    return {"threads": settings.cores, "key": KEY, "before": before, "models": steps, "union_find": union_find}


def _step(model: CompiledModel) -> dict[str, object]:
    """How the script makes one table. `again`: what a fixpoint repeats, or what follows the union-find."""
    step: dict[str, object] = {"name": model.relation, "again": None, "max_size": None}
    if model.materialized == "fixpoint":
        seed = f"create table {model.relation} as select * from {model.config['seed']}"
        return step | {"create": seed, "again": model.sql}
    if model.materialized == "agglomerate":
        reasons = " ".join(f"when {n} then {quoted(text)}" for n, text in enumerate(agglomerate.REASONS) if text)
        finish = (
            f"create table {model.relation} as select e.*, o.reason = {agglomerate.KEPT} as is_kept,"
            f" case o.reason {reasons} end as cut_reason, o.node_group, o.lesser_group"
            f" from {model.relation}__edges as e join outcome as o using (edge_no)"
        )
        edges = f"create table {model.relation}__edges as (\n{model.sql}\n)"
        return step | {"create": edges, "again": finish, "max_size": model.config["max_size"]}
    if model.materialized not in ("table", "view"):
        raise SystemExit(f"the bare script does not know how to make a {model.materialized}: {model.name}")
    return step | {"create": f"create {model.materialized} {model.relation} as (\n{model.sql}\n)"}


def _sources(channel: Channel, wanted: set[str], ledger: Ledger, settings: Settings) -> list[str]:
    found = []
    for name, export in channel.exports.items():
        files = [f for f in ledger.files() if f.channel == channel.channel and f.export == name]
        relation, superseded = (source_relation(channel.channel, name, s) for s in (False, True))
        if wanted & {relation, superseded}:
            found += source_queries(
                relation, superseded, export, files, settings.warehouse.resolve(), timezone=channel.timezone
            ).statements
    return found


def compare(title: str, root: Path, settings: Settings, selection: list[str], runs: int) -> None:
    """Run both in turn and print medians, difference and ratio."""
    environment = os.environ | {
        "SIYU_LAYERS": str(settings.layers[0]),
        "SIYU_WAREHOUSE": str(settings.warehouse),
        "SIYU_CHANNELS": ",".join(settings.channels),
        "SIYU_SALT": KEY,
    }
    plan, script = root / "plan.json", root / "bare.py"
    plan.write_text(json.dumps(bare_plan(settings, selection)), encoding="utf-8")
    script.write_text(BARE, encoding="utf-8")
    ours = [sys.executable, "-m", "siyu", "build", "--as-of", AS_OF.isoformat()]
    for expression in selection:
        ours += ["--select", expression]
    results: dict[str, list[tuple[float, float]]] = {"bare DuckDB script": [], "siyu build": []}
    for _ in range(runs):
        database = root / "bare.duckdb"
        database.unlink(missing_ok=True)
        results["bare DuckDB script"].append(
            measure([sys.executable, str(script), str(plan), str(database)], environment)
        )
        (settings.warehouse / "build" / "build.duckdb").unlink(missing_ok=True)
        results["siyu build"].append(measure(ours, environment))
    print(f"\n{title} ({runs} runs each, in turn)")
    medians = {}
    for name, rows in results.items():
        medians[name] = statistics.median(seconds for seconds, _ in rows)
        peak = max(memory for _, memory in rows)
        print(f"  {name:<20} {medians[name]:8.2f} s   {peak:8.0f} MiB peak")
    bare, built = medians["bare DuckDB script"], medians["siyu build"]
    print(f"  difference           {built - bare:+8.2f} s   ratio {built / bare:.2f}")


def tiny_models(root: Path, runs: int) -> None:
    """Sixty models of a few rows."""
    write_tiny_layer(root / "tiny")
    settings = load_settings(root, warehouse=root / "tiny_wh", layers=(root / "tiny",), channels=("crm",))
    land(settings.model_copy(update={"layers": ()}))
    compare(f"{TINY} tiny models", root, settings, ["kpi.tiny_*"], runs)


def many_touches(root: Path, runs: int) -> None:
    """Five million touches, up to the stages of people."""
    layer, exports = root / "touches", root / "exports"
    write_touch_layer(layer, exports)
    settings = load_settings(root, warehouse=root / "touch_wh", layers=(layer,), exports=exports, channels=("bench",))
    land(settings)
    compare(f"{TOUCHES:,} touches", root, settings, ["+journey.person_stage"], max(runs // 2, 1))


def sample_environment(root: Path) -> dict[str, str]:
    """The sample, in a warehouse and with a compile cache of the benchmark."""
    return plain_environment(warehouse=root / "sample", cache=root / "sample_cache", salt=KEY)


def sample_settings(root: Path) -> Settings:
    """The same for this process."""
    return Settings(warehouse=root / "sample", cache=root / "sample_cache")


@dataclass
class SampleNight:
    """The ways to work the sample night. Each starts from an empty warehouse or database."""

    root: Path
    phases: dict[str, list[Figures]] = field(default_factory=dict)

    def siyu_run(self, *, is_cached: bool) -> Cost:
        """`siyu run` as it is."""
        self._empty(is_cached)
        return cost([*SIYU, "run"], sample_environment(self.root), self.root)

    def timed(self, title: str, *, is_cached: bool) -> Cost:
        """The same night by a crew that times it."""
        self._empty(is_cached)
        taken, figures = timed_night(self.root, sample_environment(self.root), "published")
        self.phases.setdefault(title, []).append(figures)
        return taken

    def dbt_build(self, dbt: Path, size: Size, *, is_parsed: bool) -> Cost:
        """`dbt build` of the peer project."""
        folder = self.root / "dbt"
        (folder / "peer.duckdb").unlink(missing_ok=True)
        if not is_parsed:
            shutil.rmtree(folder / "target", ignore_errors=True)
        taken = cost(build_command(dbt, folder), plain_environment() | {"DO_NOT_TRACK": "1"}, folder)
        check_built(folder, size)
        return taken

    def _empty(self, is_cached: bool) -> None:
        shutil.rmtree(self.root / "sample", ignore_errors=True)
        if not is_cached:
            shutil.rmtree(self.root / "sample_cache", ignore_errors=True)


COLD, WARM = "siyu run, no compile cache", "siyu run, compile cache"
TIMED_COLD, TIMED_WARM = "the phases of siyu, no compile cache", "the phases of siyu, compile cache"
DBT_COLD, DBT_WARM = "dbt build, first parse", "dbt build, partial parse"


def sample_night(root: Path, runs: int, dbt: Path | str) -> None:
    """siyu's night and the dbt project of the same size, in turn."""
    night = SampleNight(root)
    night.siyu_run(is_cached=False)  # not counted: the files are read and byte-compiled once
    ways: dict[str, Callable[[], Cost]] = {
        COLD: lambda: night.siyu_run(is_cached=False),
        WARM: lambda: night.siyu_run(is_cached=True),
        TIMED_COLD: lambda: night.timed(TIMED_COLD, is_cached=False),
        TIMED_WARM: lambda: night.timed(TIMED_WARM, is_cached=True),
    }
    size = write_dbt_project(root / "dbt", sample_settings(root))
    if isinstance(dbt, Path):
        night.dbt_build(dbt, size, is_parsed=False)  # not counted
        ways[DBT_COLD] = lambda: night.dbt_build(dbt, size, is_parsed=False)
        ways[DBT_WARM] = lambda: night.dbt_build(dbt, size, is_parsed=True)
    taken: dict[str, list[Cost]] = {title: [] for title in ways}
    for _ in range(runs):
        for title, work in ways.items():
            taken[title].append(work())
    medians = {title: middle(costs) for title, costs in taken.items()}
    print(f"\nthe sample night: {size.tables} tables, {size.views} views, {size.tests} expectations")
    print_costs({title: medians[title] for title in (COLD, WARM, DBT_COLD, DBT_WARM) if title in medians}, runs)
    if isinstance(dbt, Path):
        print_ratios(medians, night.phases)
    else:
        print(f"  the comparison with dbt is skipped: {dbt}")
    for title, nights in night.phases.items():
        print(f"  {title}")
        print_phases(median_phases(nights), medians[title])


def print_ratios(medians: dict[str, Cost], nights: dict[str, list[Figures]]) -> None:
    """siyu / dbt, of the whole night and of what both do."""
    for title, ours, timed, peer in (
        ("without caches", COLD, TIMED_COLD, DBT_COLD),
        ("with both caches", WARM, TIMED_WARM, DBT_WARM),
    ):
        left_out = [phase for phase in median_phases(nights[timed]) if phase[0] in ("land", "publish")]
        wall = medians[timed].wall - sum(phase[1] for phase in left_out)
        cpu = medians[timed].cpu - sum(phase[2] for phase in left_out)
        dbt = medians[peer]
        for what, seconds in (("", medians[ours][:2]), (", no land, publish", (wall, cpu))):
            shown = f"siyu / dbt {title}{what}"
            print(f"  {shown:<46} {seconds[0] / dbt.wall:8.2f} {seconds[1] / dbt.cpu:8.2f}")


def median_phases(nights: list[Figures]) -> list[tuple[str, float, float]]:
    """The medians of several nights, by phase."""
    return [
        (phases[0][0], statistics.median(p[1] for p in phases), statistics.median(p[2] for p in phases))
        for phases in zip(*(figures.phases for figures in nights), strict=True)
    ]


def print_costs(costs: dict[str, Cost], runs: int) -> None:
    """A table of processes."""
    print(f"  {f'{runs} runs each, in turn':<46} {'wall s':>8} {'CPU s':>8} {'MiB':>8}")
    for title, taken in costs.items():
        print(f"  {title:<46} {taken.wall:8.2f} {taken.cpu:8.2f} {taken.memory:8.0f}")


def commands(root: Path, runs: int) -> None:
    """Single commands on the sample."""
    environment = sample_environment(root)
    cost([*SIYU, "run"], environment, root)
    print("\ncommands on the sample")
    print_costs(time_commands(root, environment, runs), runs)


PARTS = ("tiny", "touches", "night", "commands")


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=PARTS, action="append", help="A part; may be given several times.")
    parser.add_argument("--tiny-only", action="store_true", help="The same as --only tiny.")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dbt", type=Path, help="A virtualenv that has dbt-core and dbt-duckdb.")
    arguments = parser.parse_args()
    parts = ["tiny"] if arguments.tiny_only else arguments.only or PARTS
    os.environ["SIYU_SALT"] = KEY
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        if "tiny" in parts:
            tiny_models(root, arguments.runs)
        if "touches" in parts:
            many_touches(root, arguments.runs)
        if "night" in parts:
            sample_night(root, arguments.runs, find_dbt(arguments.dbt, root))
        if "commands" in parts:
            commands(root, arguments.runs)


if __name__ == "__main__":
    main()
