"""What siyu costs on top of its SQL: the same compiled statements by a bare DuckDB script and by `siyu build`.

Both run as whole processes, in turn, on the same landed files; printed are median wall seconds and peak memory.

    python benchmarks/overhead.py                 60 tiny models, then 5 million touches
    python benchmarks/overhead.py --tiny-only
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb

from siyu.compile.compiler import compile_project
from siyu.compile.template import source_relation
from siyu.engines.base import RunInputs
from siyu.engines.functions import FUNCTIONS
from siyu.engines.sql import quoted
from siyu.landing.current_rows import source_statements
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.seeds.channels import Channel
from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger

TINY, TOUCHES, PEOPLE = 60, 5_000_000, 235_000
AS_OF = date(2026, 6, 30)
KEY = "benchmark, no secret"

BARE = """
import json, sys, duckdb
plan = json.load(open(sys.argv[1], encoding="utf-8"))
con = duckdb.connect(sys.argv[2], config={"threads": plan["threads"], "memory_limit": "55%"})
for statement in plan["before"]:
    con.execute(statement)
con.execute("set variable siyu_key = ?", [plan["key"]])
for step in plan["models"]:
    con.execute(step["create"])
    if step["again"]:
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

# Linux counts what the parent had used until then as a peak of the process it starts: so a small one starts it.
SHIM = """
import os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - started, usage.ru_maxrss / 1024)
sys.exit(f"exit code {os.waitstatus_to_exitcode(status)}" if status else 0)
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
    steps = []
    for model in project.models.values():
        if model.materialized == "fixpoint":
            create = f"create table {model.relation} as select * from {model.config['seed']}"
            steps.append({"name": model.relation, "create": create, "again": model.sql})
        else:
            create = f"create {model.materialized} {model.relation} as (\n{model.sql}\n)"
            steps.append({"name": model.relation, "create": create, "again": None})
    project.binder.close()
    return {"threads": settings.cores, "key": KEY, "before": before, "models": steps}


def _sources(channel: Channel, wanted: set[str], ledger: Ledger, settings: Settings) -> list[str]:
    found = []
    for name, export in channel.exports.items():
        files = [f for f in ledger.files() if f.channel == channel.channel and f.export == name]
        relation, superseded = (source_relation(channel.channel, name, s) for s in (False, True))
        if wanted & {relation, superseded}:
            found += source_statements(
                relation, superseded, export, files, settings.warehouse.resolve(), timezone=channel.timezone
            )
    return found


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of one process."""
    shim = [sys.executable, "-IS", "-c", SHIM, *command]
    told = subprocess.run(shim, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(told.stderr)
    seconds, memory = told.stdout.split()
    return float(seconds), float(memory)


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
    middle = {}
    for name, rows in results.items():
        middle[name] = statistics.median(seconds for seconds, _ in rows)
        peak = max(memory for _, memory in rows)
        print(f"  {name:<20} {middle[name]:8.2f} s   {peak:8.0f} MiB peak")
    bare, built = middle["bare DuckDB script"], middle["siyu build"]
    print(f"  difference           {built - bare:+8.2f} s   ratio {built / bare:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny-only", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["SIYU_SALT"] = KEY
        write_tiny_layer(root / "tiny")
        settings = load_settings(root, warehouse=root / "tiny_wh", layers=(root / "tiny",), channels=("crm",))
        land(settings.model_copy(update={"layers": ()}))
        compare(f"{TINY} tiny models", root, settings, ["kpi.tiny_*"], arguments.runs)
        if arguments.tiny_only:
            return
        write_touch_layer(root / "touches", root / "exports")
        settings = load_settings(
            root,
            warehouse=root / "touch_wh",
            layers=(root / "touches",),
            exports=root / "exports",
            channels=("bench",),
        )
        land(settings)
        compare(f"{TOUCHES:,} touches", root, settings, ["+journey.person_stage"], max(arguments.runs // 2, 1))


if __name__ == "__main__":
    main()
