"""What the journey costs: every model of schema journey, beside one window pass over the same touches.

People live through touches of all seven behaviours, some machines much faster than people; three in ten are known by
name and mobile, links, deals and companies follow. The yardstick is one bare statement that writes the touches of known
people with lag(occurred_at) over person ordered by occurred_at; the same over nothing but person and moment is told
beside it. All are processes of their own on as many threads; seconds are those of the work, memory is the peak of the
process. The target: all models of stages, scores, exclusions and scenarios, from the touches of known people on, within
8 times the window pass, below 6 GB; the join that makes these touches out of records is told, too.

    python benchmarks/journey.py                          100,000 people, 2,000,000 touches
    python benchmarks/journey.py --people 1000000         twenty touches each
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
from pathlib import Path

import duckdb
from measuring import KEY, measure

from siyu.build.database import prepare, write_previous, write_sources
from siyu.build.materialization import build_model
from siyu.build.parallel import run_in_order
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.settings import load_settings

PEOPLE, TOUCHES_EACH = 100_000, 20
MEMORY_LIMIT = "3500MB"  # of DuckDB's buffers; a process takes some more
INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", KEY)
TOUCHES = "journey.person_touch"
# Few touches of most, many of few: the square of a uniform number. Half a year, to the microsecond.
NUMBERED = """
select
    i, (hash(i, 1) % 1000003 / 1000003.0 * (hash(i, 2) % 1000003 / 1000003.0) * {people})::bigint as p,
    hash(i, 3) % 100 as kind, (hash(i, 4) % 1000000007)::bigint as h,
    timestamp '2026-01-01 00:00:00' + to_microseconds((hash(i, 5) % 15552000000000)::bigint) as moment
from range({touches}) as r(i)
"""
WORLD = {
    "records.touch": """
        select
            case when kind < 70 then 'website' when kind < 85 then 'official_account' else 'crm' end as channel,
            'events:' || i as record_id, 1 as landed_seq, moment as occurred_at,
            case when kind < 60 then 'view' when kind < 66 then 'download' when kind < 70 then 'register'
                when kind < 75 then 'attend' when kind < 97 then 'interact' when kind < 99 then 'purchase'
                else 'service' end as behaviour,
            case when kind < 50 then 'page_view' when kind < 54 then 'price_view' when kind < 60 then 'video_play'
                when kind < 66 then 'download' when kind < 70 then 'form_submit' when kind < 73 then 'live'
                when kind < 75 then 'replay' when kind < 85 then 'click' when kind < 97 then 'call'
                when kind < 98 then 'order' when kind < 99 then 'quote_request' else 'ticket' end as action,
            case when kind < 70 then case when p % 97 = 0 then 'PriceSpider/2.1 bot' else 'Mozilla/5.0 Chrome/126.0'
                end end as user_agent,
            case when kind between 85 and 96 then 'outbound' else 'inbound' end as direction,
            case when kind between 85 and 88 then 'answered' when kind between 89 and 96 then 'sent' end as outcome,
            case when kind between 54 and 75 then ['CT-AWA-', 'CT-NUR-', 'CT-SEL-', 'CT-ADV-'][1 + h % 4]
                || (1 + h % 6) end as content_id,
            case when kind < 60 then ['P-SERVO', 'P-ROBOT', 'P-SENSOR', 'P-PLC'][1 + h % 4] end as product_id,
            case when h % 10 = 0 then ['C-SEARCH', 'C-ARTICLE', 'C-LIVE-01'][1 + h % 3] end as campaign_id
        from numbered
    """,
    "records.contact": """
        select 'crm' as channel, 'contacts:' || p as record_id, 1 as landed_seq,
            timestamp '2026-01-15 00:00:00' + to_seconds((hash(p, 6) % 12000000)::bigint) as observed_at,
            '某人' || p as full_name, '+8613' || lpad(p::varchar, 9, '0') as mobile,
            ['采购经理', '设备工程师', '总经理', '学生', null][1 + (hash(p, 7) % 5)::bigint] as title
        from range({people}) as r(p) where hash(p, 8) % 10 < 3
    """,
    "records.link": """
        select ['official_account', 'wecom'][1 + p % 2] as channel, 'links:' || p as record_id, 1 as landed_seq,
            ['official_account', 'wecom'][1 + p % 2] as touchpoint,
            timestamp '2026-01-10 00:00:00' + to_seconds((hash(p, 9) % 14000000)::bigint) as started_at
        from range({people}) as r(p) where hash(p, 10) % 10 < 4
    """,
    "records.deal": """
        select 'crm' as channel, 'deals:' || p || '-' || n as record_id, 1 as landed_seq,
            'D' || p || '-' || n as deal_id, 1 as line_no,
            case when hash(p, n, 11) % 2 = 0 then 'opportunity' else 'order' end as kind,
            timestamp '2026-02-01 00:00:00' + to_seconds((hash(p, n, 12) % 8000000)::bigint) as occurred_at,
            timestamp '2026-05-10 00:00:00' + to_seconds((hash(p, n, 13) % 4000000)::bigint) as closed_at,
            case when hash(p, n, 11) % 2 = 0 then ['open', 'won', 'lost'][1 + (hash(p, n, 14) % 3)::bigint]
                else 'paid' end as status,
            1000.00 as amount
        from range({people}) as r(p), range(2) as k(n) where hash(p, 8) % 10 < 3 and hash(p, n, 15) % 5 = 0
    """,
}
PERSON = "regexp_extract(record_id, ':([0-9]+)', 1)::bigint as p"
PEOPLE_OF = {
    "records.touch": """
        select 'events:' || i as record_id, p,
            case when kind < 70 then 'website' when kind < 85 then 'official_account' else 'crm' end as channel
        from numbered
    """,
    **{name: f"select channel, record_id, {PERSON} from {name}" for name in WORLD if name != "records.touch"},
}
ONE_ID = "'P' || lpad(to_hex({p}), 20, '0')"
ACCOUNT_ID = "'C' || lpad(to_hex({p} // 5), 20, '0')"


def make_world(database: Path, root: Path) -> float:
    """What the journey reads, in a process of its own."""
    started = time.perf_counter()
    engine, project = _open(database, root)
    session = engine.session()
    people = int(os.environ["BENCHMARK_PEOPLE"])
    numbers = {"people": people, "touches": people * TOUCHES_EACH}
    session.execute(f"create or replace table main.numbered as {NUMBERED.format(**numbers)}")
    upstream = {ref for name, refs in project.graph.items() if name.startswith("journey.") for ref in refs}
    for name in sorted(upstream):
        if name.startswith(("records.", "identity.", "staging.")):
            columns = {c.name: c.type for c in project.binder.columns(name)}
            session.execute(f"create table {name} ({', '.join(f'{c} {kind}' for c, kind in columns.items())})")
    for name, sql in WORLD.items():
        session.execute(
            f"insert into {name} by name {sql.replace('from numbered', 'from main.numbered').format(**numbers)}"
        )
    _write_identities(session, numbers["people"])
    session.execute("drop table main.numbered")
    session.close()
    engine.close()
    return time.perf_counter() - started


def _write_identities(session: Session, people: int) -> None:
    one_id, account_id = ONE_ID.format(p="p"), ACCOUNT_ID.format(p="p")
    for sql in PEOPLE_OF.values():
        session.execute(
            "insert into identity.record_person by name"
            f" select channel, record_id, p + 1 as person_key, {one_id} as one_id"
            f" from ({sql.replace('from numbered', 'from main.numbered')})"
        )
    person = f"select p + 1 as person_key, {one_id} as one_id"
    session.execute(
        f"insert into identity.person by name {person}, c.title, timestamp '2026-01-01' as first_seen_at"
        f" from range({people}) as r(p) left join records.contact as c on c.record_id = 'contacts:' || p"
    )
    session.execute(
        f"insert into identity.one_id by name {person}, 'mobile' as id_type, mobile as id_value, false as is_contested"
        " from (select split_part(record_id, ':', 2)::bigint as p, mobile from records.contact)"
    )
    session.execute(
        f"insert into identity.person_account by name {person}, p // 5 as account_key, {account_id} as account_id,"
        " true as is_current, timestamp '2026-02-01' as valid_from_at, timestamp '2026-02-01' as first_seen_at"
        f" from range({people}) as r(p) where hash(p, 8) % 10 < 3"
    )
    session.execute(
        f"insert into identity.account by name select distinct p // 5 as account_key, {account_id} as account_id,"
        " case when p // 5 % 50 = 0 then 'partner' else 'prospect' end as account_type"
        f" from range({people}) as r(p) where hash(p, 8) % 10 < 3"
    )


def _open(database: Path, root: Path) -> tuple[DuckEngine, Project]:
    settings = load_settings(root)
    project = compile_project(settings)
    engine = DuckEngine(
        database, INPUTS, threads=settings.cores, memory_limit=settings.memory_limit, temp_directory=root / "spill"
    )
    prepare(engine, project)
    return engine, project


def touches(database: Path, root: Path) -> float:
    """The touches of known people, out of records and identities."""
    return _build(database, root, [TOUCHES])


def journey(database: Path, root: Path) -> float:
    """All other models of the journey."""
    return _build(database, root, [])


def _build(database: Path, root: Path, only: list[str]) -> float:
    engine, project = _open(database, root)
    names = only or [name for name in project.models if name.startswith("journey.") and name != TOUCHES]
    write_sources(engine, project, [], root, names)
    write_previous(engine, project, {})
    graph = {name: {ref for ref in project.graph[name] if ref in names} for name in names}
    started = time.perf_counter()
    # One model after another: two at a time would share the threads that the window pass has for itself.
    runs = run_in_order(graph, names, lambda name: build_model(engine, project, name), 1)
    seconds = time.perf_counter() - started
    engine.close()
    slowest = sorted(runs, key=lambda run: -run.seconds)[:10]
    (root / "models.json").write_text(json.dumps([(run.model, run.seconds, run.row_count) for run in slowest]))
    return seconds


def window(database: Path, root: Path) -> float:
    """The yardstick: every touch as it is, and when the one before was."""
    return _pass(database, root, "*")


def two_columns(database: Path, root: Path) -> float:
    """The same with nothing but the person and the moment."""
    return _pass(database, root, "person_key, occurred_at")


def _pass(database: Path, root: Path, columns: str) -> float:
    settings = load_settings(root)
    con = duckdb.connect(str(database), config={"threads": settings.cores, "memory_limit": MEMORY_LIMIT})
    con.execute(f"set temp_directory = '{root / 'spill'}'")
    started = time.perf_counter()
    con.execute(
        f"create or replace table main.passed as select {columns},"
        f" lag(occurred_at) over (partition by person_key order by occurred_at) as before_at from {TOUCHES}"
    )
    seconds = time.perf_counter() - started
    con.execute("drop table main.passed")
    con.close()
    return seconds


METHODS: dict[str, Callable[[Path, Path], float]] = {
    "world": make_world, "touches": touches, "window": window, "two_columns": two_columns, "journey": journey,
}  # fmt: skip
TITLES = {
    "window": "one window pass over the touches",
    "two_columns": "the same over two columns of them",
    "journey": "all models of the journey",
}


def run_method(name: str, database: Path, root: Path, people: int) -> tuple[float, float]:
    """Seconds of the work and peak MiB of its process."""
    environment = os.environ | {
        "SIYU_WAREHOUSE": str(root / "warehouse"),
        "SIYU_SALT": KEY,
        "SIYU_MEMORY_LIMIT": MEMORY_LIMIT,
        "BENCHMARK_PEOPLE": str(people),
    }
    _, memory = measure([sys.executable, __file__, "--method", name, str(database), str(root)], environment)
    return float((root / "seconds.txt").read_text()), memory


def compare(root: Path, people: int, runs: int) -> None:
    """The window pass and the journey in turn, on one world."""
    database = root / "world.duckdb"
    run_method("world", database, root, people)
    joined, memory = run_method("touches", database, root, people)
    print(f"journey of {people:,} people, {people * TOUCHES_EACH:,} touches")
    print(f"  {'touches of known people':<34} {joined:8.2f} s {memory:8.0f} MiB")
    told: dict[str, list[tuple[float, float]]] = {name: [] for name in TITLES}
    for _ in range(runs):
        for name, figures in told.items():
            figures.append(run_method(name, database, root, people))
    middle = {name: statistics.median(seconds for seconds, _ in figures) for name, figures in told.items()}
    for name, title in TITLES.items():
        ratio = middle[name] / middle["window"]
        print(f"  {title:<34} {middle[name]:8.2f} s {max(m for _, m in told[name]):8.0f} MiB {ratio:6.2f} x")
    for model, taken, rows in json.loads((root / "models.json").read_text()):
        print(f"    {model:<32} {taken:8.2f} s {rows:>14,} rows")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--method", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.method:
        name, database, folder = args.method
        seconds = METHODS[name](Path(database), Path(folder))
        Path(folder, "seconds.txt").write_text(str(seconds))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), args.people, args.runs)


if __name__ == "__main__":
    main()
