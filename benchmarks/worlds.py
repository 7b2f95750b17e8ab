"""What landing and staging twelve channels cost: simulated worlds of 100,000 and 1,000,000 people, by siyu and a bare
script that reads the same files with declared types into a database file.

Both run as whole processes, in turn, on as many threads. siyu hashes every file, checks every row against its
contract, keeps the rejected ones and writes Parquet; the bare script reads and casts (workbooks and gb18030 through
Python, as it has to). "and staging" builds every table of schema records on top. The targets: landing in at most 2.5
times the bare script's time, and all of it in less than 4 GB; the simulator in less than 1 GB.
Run by landing.py.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

from measuring import KEY, measure

from siyu.engines.sql import quote_name, quoted
from siyu.landing.readers.reading import real_name
from siyu.seeds.channels import Export, load_channels
from siyu.settings import load_settings
from siyu.warehouse.ledger import Ledger

PEOPLE = (100_000, 1_000_000)
BARE = """
import json, sys
from pathlib import Path
import duckdb
from yardstick import read

plan, database, threads = json.loads(Path(sys.argv[1]).read_text()), sys.argv[2], int(sys.argv[3])
con = duckdb.connect(database, config={"threads": threads, "memory_limit": "55%", "preserve_insertion_order": False})
con.execute("set TimeZone = 'Asia/Shanghai'")
read(con, plan, Path(database).with_suffix(".txt"))
con.close()
"""
OURS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from siyu.build.parallel import run_in_order
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.settings import load_settings

settings = load_settings()
with Night(settings, Request()) as night:
    with ThreadPoolExecutor(max_workers=settings.cores) as pool:
        list(pool.map(night.land, night.channels))
    landed = night.commit()
    if sys.argv[1] == "staging":
        building = landed.start_build()
        wanted = [m for m in building.graph if m.startswith(("staging.", "records."))]
        run_in_order(building.graph, wanted, building.build, settings.cores)
"""
TYPES = {"text": "VARCHAR", "integer": "BIGINT", "epoch_seconds": "BIGINT", "timestamp": "TIMESTAMP", "date": "DATE"}


def bare_plan(root: Path) -> list[dict[str, object]]:
    """What the bare script does: a statement an export, its types taken from the contracts."""
    plan: list[dict[str, object]] = []
    for channel in load_channels(load_settings(root)).values():
        for export_name, export in channel.exports.items():
            files = sorted(str(path) for path in (root / channel.channel).glob(export.files))
            if not files:
                continue
            table, kind = f"{channel.channel}__{export_name}", "sql"
            listed = "[" + ", ".join(quoted(file) for file in files) + "]"
            if export.format == "xlsx":
                kind, listed = "xlsx", "'{scratch}'"
            elif export_name == "coupons":
                kind, listed = "gb18030", "'{scratch}'"
            sql = f"create table {table} as {_reading(export, listed)}"
            plan.append({"kind": kind, "files": files, "sql": sql})
    return plan


def _reading(export: Export, listed: str) -> str:
    in_file = {c: column for c, column in export.columns.items() if not column.file_name}
    kinds = {real_name(export, c): TYPES.get(column.type, column.type) for c, column in in_file.items()}
    if export.format == "parquet":
        return f"select * from read_parquet({listed})"
    if export.format in ("csv", "xlsx"):
        if export.format == "xlsx":
            kinds = dict.fromkeys(kinds, "VARCHAR")
        columns = ", ".join(f"{quoted(column)}: {quoted(kind)}" for column, kind in kinds.items())
        return f"select * from read_csv({listed}, header = true, columns = {{{columns}}})"
    record = {n: k for n, k in kinds.items() if not n.startswith("$.")}
    columns = _nested({**record, **({"event_time": "TIMESTAMPTZ"} if "event_id" in record else {})})
    if export.format == "jsonl":
        listing = ", ".join(f"{quoted(column)}: {quoted(kind)}" for column, kind in columns.items())
        form = "format = 'newline_delimited', ignore_errors = true"
        return f"select * from read_json({listed}, {form}, columns = {{{listing}}})"
    array = f"STRUCT({', '.join(f'{quote_name(column)} {kind}' for column, kind in columns.items())})[]"
    top, _, inner = (export.explode or "").partition(".")
    outer = {inner: array} if inner else {}
    for path in (p[2:].split(".") for p in kinds if p.startswith("$.")):
        outer[path[-1]] = kinds[f"$.{'.'.join(path)}"]
    whole = f"STRUCT({', '.join(f'{quote_name(k)} {v}' for k, v in outer.items())})" if inner else array
    source = f"read_json({listed}, columns = {{{quoted(top)}: {quoted(whole)}}}, maximum_object_size = 200000000)"
    if not inner:
        return f"select unnest({quote_name(top)}, recursive := true) from {source}"
    rest = ", ".join(f"{quote_name(top)}.{quote_name(k)} as {quote_name('_' + k)}" for k in outer if k != inner)
    return f"select {rest}, unnest({quote_name(top)}.{quote_name(inner)}, recursive := true) from {source}"


def _nested(kinds: dict[str, str]) -> dict[str, str]:
    """Dotted names as structs."""
    found: dict[str, dict[str, str]] = {}
    for column, kind in kinds.items():
        top, _, rest = column.partition(".")
        found.setdefault(top, {})[rest] = kind
    return {
        top: parts[""] if "" in parts else f"STRUCT({', '.join(f'{quote_name(k)} {v}' for k, v in parts.items())})"
        for top, parts in found.items()
    }


def compare(root: Path, people: int, runs: int) -> None:
    """Simulate, then run each in turn, and print medians and peaks."""
    world = root / f"world_{people}"
    command = ["simulate", "--people", str(people), "--out", str(world)]
    seconds, memory = measure([sys.executable, "-m", "siyu", *command], dict(os.environ))
    size = sum(path.stat().st_size for path in world.rglob("*") if path.is_file() and "truth" not in path.parts)
    print(f"\n{people:,} people, {size / 2**20:,.0f} MiB of exports")
    print(f"  {'siyu simulate':<20} {seconds:8.2f} s   {memory:8.0f} MiB peak")
    plan, bare, ours = root / "plan.json", root / "bare.py", root / "ours.py"
    plan.write_text(json.dumps(bare_plan(world)), encoding="utf-8")
    bare.write_text(BARE, encoding="utf-8")
    ours.write_text(OURS, encoding="utf-8")
    threads = str(load_settings(root).cores)
    results: dict[str, list[tuple[float, float]]] = {}
    for number in range(runs):
        database = root / "bare.duckdb"
        database.unlink(missing_ok=True)
        steps = {"bare script": [sys.executable, str(bare), str(plan), str(database), threads]}
        steps |= {f"siyu {what}": [sys.executable, str(ours), what] for what in ("landing", "staging")}
        for title, command in steps.items():
            warehouse = root / f"warehouse_{people}_{number}_{title[-7:]}"
            environment = os.environ | {
                "SIYU_EXPORTS": str(world), "SIYU_SALT": KEY, "SIYU_WAREHOUSE": str(warehouse),
                "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            }  # fmt: skip
            results.setdefault(title, []).append(measure(command, environment))
            if title == "siyu landing":
                _check(warehouse)
    middle = {title: statistics.median(seconds for seconds, _ in rows) for title, rows in results.items()}
    for title, rows in results.items():
        shown = "siyu landing and staging" if title == "siyu staging" else title
        print(f"  {shown:<24} {middle[title]:8.2f} s   {max(memory for _, memory in rows):8.0f} MiB peak")
    print(f"  ratio of landing         {middle['siyu landing'] / middle['bare script']:8.2f}   ({runs} runs, in turn)")


def _check(warehouse: Path) -> None:
    ledger = Ledger(warehouse / "ledger.sqlite")
    files = ledger.files()
    ledger.close()
    lost = [file for file in files if file.rows_read != file.rows_landed + file.rows_rejected + file.rows_replaced]
    if lost or not files:
        raise SystemExit(f"rows were lost: {lost}")
    print(f"  landed {sum(file.rows_landed for file in files):,} rows of {len(files)} files", flush=True)
