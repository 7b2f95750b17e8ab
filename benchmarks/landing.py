"""What landing costs: 5 million website events (jsonl), by siyu and by a bare typed `read_json` into a database file;
then all twelve channels of simulated worlds of 100,000 and 1,000,000 people, as worlds.py says.

Both run as whole processes, in turn, on as many threads. siyu's landing hashes the file, checks every row against the
contract, keeps the rejected ones and writes Parquet; the bare statement only reads and casts. The target: at most 3
times its time, in less than 2 GB.

    python benchmarks/landing.py
    python benchmarks/landing.py --rows 500000 --runs 1 --people 10000
    python benchmarks/landing.py --rows 0 --runs 1
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import duckdb
from measuring import AS_OF, KEY, measure
from worlds import PEOPLE, compare

from siyu.engines.sql import quoted
from siyu.settings import load_settings
from siyu.warehouse.ledger import Ledger

ROWS = 5_000_000
BAD_EVERY = 1000  # a row that the contract refuses

BARE = """
import sys, duckdb
con = duckdb.connect(sys.argv[2], config={"threads": int(sys.argv[3]), "memory_limit": "55%"})
form = "STRUCT(name VARCHAR, mobile VARCHAR, email VARCHAR, company VARCHAR, title VARCHAR)"
text = "event_id event_name page_url referrer utm_source utm_medium utm_campaign utm_content cookie_id member_id" \\
    " user_agent content_id product_id".split()
columns = {name: "VARCHAR" for name in text} | {"event_time": "TIMESTAMPTZ", "form": form}
con.execute(f"create table events as select * from read_json('{sys.argv[1]}', format = 'newline_delimited',"
            f" columns = {columns})")
con.close()
"""
OURS = """
import sys
from datetime import date
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.settings import load_settings

with Night(load_settings(), Request(as_of=date.fromisoformat(sys.argv[1]))) as night:
    night.land("website")
    night.commit()
"""


def write_events(path: Path, rows: int) -> None:
    """Events as the website's tracker writes them; some 380 bytes each. One in a thousand has an unknown name."""
    path.parent.mkdir(parents=True)
    names = "['page_view','page_view','page_view','search','download','video_play','price_view','form_submit']"
    query = f"""
        select
            'e' || i as event_id,
            strftime(timestamp '2026-01-01' + to_seconds((hash(i, 2) % 15500000)::bigint),
                     '%Y-%m-%dT%H:%M:%S+08:00') as event_time,
            case when i % {BAD_EVERY} = 0 then 'unknown'
                 else {names}[(hash(i, 3) % 8)::int + 1] end as event_name,
            'https://www.example.com/products/series-' || (hash(i, 4) % 40) || '/item-' || (hash(i, 5) % 900)
                as page_url,
            'https://www.baidu.com/link?url=' || hash(i, 6) as referrer,
            'baidu' as utm_source, 'cpc' as utm_medium, 'spring-' || (hash(i, 7) % 30) as utm_campaign,
            null as utm_content,
            'ck' || (hash(i) % 470000) as cookie_id,
            case when hash(i, 1) % 20 = 0 then 'member' || (hash(i) % 470000 // 2) end as member_id,
            'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36' as user_agent,
            'C' || (hash(i, 8) % 300) as content_id, 'P' || (hash(i, 9) % 60) as product_id,
            case when hash(i, 3) % 8 = 7 then struct_pack(
                name := '王' || (i % 90), mobile := '138' || lpad((hash(i) % 100000000)::varchar, 8, '0'),
                email := 'u' || (hash(i) % 470000) || '@example.com', company := '第' || (i % 4000) || '机械有限公司',
                title := '采购经理') end as form
        from range({rows}) as r(i)
    """
    duckdb.sql(f"copy ({query}) to {quoted(path)} (format json)")


def land_once(root: Path, number: int, environment: dict[str, str], script: Path) -> tuple[float, float]:
    """One landing into a new warehouse, and a look at whether every row is there."""
    warehouse = root / f"warehouse_{number}"
    told = measure([sys.executable, str(script), AS_OF.isoformat()], environment | {"SIYU_WAREHOUSE": str(warehouse)})
    ledger = Ledger(warehouse / "ledger.sqlite")
    (file,) = ledger.files()
    ledger.close()
    if file.rows_read != file.rows_landed + file.rows_rejected or not file.rows_rejected:
        raise SystemExit(f"rows were lost: {file}")
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--people", type=int, action="append", help="Sizes of worlds; 0 for none.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.rows:
            land_events(Path(folder), arguments.rows, arguments.runs)
        for people in arguments.people or PEOPLE:
            if people:
                compare(Path(folder), people, arguments.runs)


def land_events(root: Path, rows: int, runs: int) -> None:
    """One file of events, by each in turn."""
    events = root / "exports" / "website" / "events.jsonl"
    write_events(events, rows)
    print(f"{rows:,} events, {events.stat().st_size / 2**30:.2f} GiB of jsonl")
    environment = os.environ | {
        "SIYU_EXPORTS": str(root / "exports"),
        "SIYU_CHANNELS": "website",
        "SIYU_SALT": KEY,
    }
    threads = str(load_settings(root).cores)
    bare, ours = root / "bare.py", root / "ours.py"
    bare.write_text(BARE, encoding="utf-8")
    ours.write_text(OURS, encoding="utf-8")
    results: dict[str, list[tuple[float, float]]] = {"bare read_json": [], "siyu landing": []}
    for number in range(runs):
        database = root / "bare.duckdb"
        database.unlink(missing_ok=True)
        command = [sys.executable, str(bare), str(events), str(database), threads]
        results["bare read_json"].append(measure(command, environment))
        results["siyu landing"].append(land_once(root, number, environment, ours))
    middle = {}
    for name, told in results.items():
        middle[name] = statistics.median(seconds for seconds, _ in told)
        print(f"  {name:<16} {middle[name]:8.2f} s   {max(memory for _, memory in told):8.0f} MiB peak")
    ratio = middle["siyu landing"] / middle["bare read_json"]
    print(f"  ratio            {ratio:8.2f}   ({runs} runs, in turn)")


if __name__ == "__main__":
    main()
