"""What the tags cost: every model of schema tags, beside one aggregation of the same touches by person.

People live through twenty touches each: four in ten are known by name and mobile and have most of the touches, one in
ten bought, the others came with a cookie; 15 of 100 touches are ours. The yardstick is what an analyst would write: one
group by of the touches by person with ten aggregates. The tags are the compiled models, one after another: base models,
classes, tags and profiles of people and companies, then history, sizes and catalog, once with no history (the first
night) and once with a full one, in which a fiftieth of the tags has changed. Yardstick and tags are processes of their
own on as many threads; seconds are those of the work, CPU seconds count all threads, memory is the peak of the process.
The target: a night of tags within 6 times the aggregation, below 6 GB.

    python benchmarks/tags.py                          100,000 people, 2,000,000 touches
    python benchmarks/tags.py --people 1000000         twenty touches each
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from measuring import KEY, measure
from tag_world import write_world

from siyu.build.database import prepare, write_previous
from siyu.build.materialization import build_model
from siyu.build.parallel import run_in_order
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.compile.template import previous_relation
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.layers import base_layer
from siyu.settings import load_settings

PEOPLE, TOUCHES_EACH = 100_000, 20
THREADS = 2
MEMORY_LIMIT = "4500MB"  # of DuckDB's buffers; a process takes some more
INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", KEY)
LATER = ("tags.tag_history", "tags.tag_size", "tags.tag_catalog")  # built again with a full history
AGGREGATION = """
create or replace table main.aggregated as
select
    person_key,
    count(*) as touches,
    min(occurred_at) as first_at,
    max(occurred_at) as last_at,
    count(distinct channel) as channels,
    count(distinct content_id) as contents,
    count(*) filter (where direction = 'inbound') as inbound_touches,
    count(*) filter (where direction = 'outbound') as outbound_touches,
    count(*) filter (where action = 'price_view') as price_views,
    count(*) filter (where occurred_date > date '2026-05-31') as recent_touches,
    sum(duration_seconds) as seconds
from journey.person_touch
group by person_key
"""
# The history of the night before: what is tagged now, but other values of some, and rows that ended earlier.
FULL_HISTORY = """
create or replace table {previous} as
select level, entity_id, tag_code,
    case when hash(entity_id, tag_code) % 50 = 0 then 'other' else tag_value end as tag_value,
    date '2026-05-01' + (hash(entity_id, 1) % 50)::integer as valid_from, null::date as valid_to,
    reason, null::varchar as end_reason
from (select distinct on (level, entity_id, tag_code, tag_value) * from tags.tag_history)
union all
select level, entity_id, tag_code, tag_value, date '2026-03-01', date '2026-05-01', 'data', 'data'
from tags.tag_history where hash(entity_id, tag_code) % 5 = 0
"""
Figure = tuple[str, float, float, int | None]  # model, seconds, CPU seconds, rows


def _open(database: Path, root: Path) -> tuple[DuckEngine, Project]:
    settings = load_settings(root, exports=base_layer() / "seeds" / "sample")
    project = compile_project(settings)
    engine = DuckEngine(
        database, INPUTS, threads=THREADS, memory_limit=settings.memory_limit, temp_directory=root / "spill"
    )
    prepare(engine, project)
    return engine, project


def world(database: Path, root: Path) -> list[Figure]:
    """What the tags read, in a process of its own."""
    engine, project = _open(database, root)
    people = int(os.environ["BENCHMARK_PEOPLE"])
    figures = [_timed("world", lambda: write_world(engine, project, people, people * TOUCHES_EACH))]
    engine.close()
    return figures


def _timed(name: str, work: Callable[[], int | None]) -> Figure:
    started, used = time.perf_counter(), time.process_time()
    rows = work()
    return name, time.perf_counter() - started, time.process_time() - used, rows


def aggregation(database: Path, root: Path) -> list[Figure]:
    """The yardstick."""
    engine, _ = _open(database, root)
    session = engine.session()
    figures = [_timed("aggregation", lambda: session.execute(AGGREGATION))]
    session.execute("drop table main.aggregated")
    session.close()
    engine.close()
    return figures


def tags(database: Path, root: Path) -> list[Figure]:
    """All models of the tags on a first night, then history, sizes and catalog on a later one."""
    engine, project = _open(database, root)
    names = [name for name in project.models if name.startswith("tags.")]
    write_previous(engine, project, {})
    figures: list[Figure] = []

    def build(name: str) -> None:
        figures.append(_timed(name, lambda: build_model(engine, project, name).row_count))

    graph = {name: {ref for ref in project.graph[name] if ref in names} for name in names}
    run_in_order(graph, names, build, 1)
    session = engine.session()
    session.execute(FULL_HISTORY.format(previous=previous_relation("tags.tag_history")))
    session.close()
    for name in LATER:
        build(name)
    engine.close()
    return figures


METHODS: dict[str, Callable[[Path, Path], list[Figure]]] = {"world": world, "aggregation": aggregation, "tags": tags}


def run_method(name: str, database: Path, root: Path, people: int) -> tuple[list[Figure], float]:
    """The figures of the work and the peak MiB of its process."""
    environment = os.environ | {
        "SIYU_WAREHOUSE": str(root / "warehouse"),
        "SIYU_SALT": KEY,
        "SIYU_MEMORY_LIMIT": MEMORY_LIMIT,
        "BENCHMARK_PEOPLE": str(people),
    }
    _, memory = measure([sys.executable, __file__, "--method", name, str(database), str(root)], environment)
    return [tuple(figure) for figure in json.loads((root / "figures.json").read_text())], memory


def part_of(model: str, project: Project) -> str:
    """The line of the summary that a model counts in."""
    if model in LATER or model in ("tags.tag_rule_history", "tags.tag_member", "tags.tag_scope_size"):
        return "history, sizes, catalog"
    folder = Path(project.models[model].model.file).parent.name
    if folder in ("base", "people", "companies"):
        return "base and class models"
    return {"person_tag": "tags", "account_tag": "tags"}.get(
        model.split(".")[1], "profiles" if model.endswith("_profile") else "conflicts, quality, unmapped values"
    )


def tell(title: str, figures: Iterable[Figure], yardstick: Figure) -> None:
    """A line of the summary."""
    listed = list(figures)
    seconds, cpu = sum(figure[1] for figure in listed), sum(figure[2] for figure in listed)
    ratios = f"{seconds / yardstick[1]:6.2f} x {cpu / yardstick[2]:6.2f} x"
    print(f"  {title:<40} {seconds:8.2f} s {cpu:8.2f} s {ratios}")


def compare(root: Path, people: int, runs: int) -> None:
    """The aggregation and the tags in turn, on one world. Of several runs the fastest counts."""
    database = root / "world.duckdb"
    run_method("world", database, root, people)
    told: dict[str, list[tuple[list[Figure], float]]] = {"aggregation": [], "tags": []}
    for _ in range(runs):
        for name, found in told.items():
            found.append(run_method(name, database, root, people))
    yardstick = min((figures[0] for figures, _ in told["aggregation"]), key=lambda figure: figure[1])
    figures = min((figures for figures, _ in told["tags"]), key=lambda f: sum(figure[1] for figure in f))
    report(people, yardstick, figures, {name: max(memory for _, memory in found) for name, found in told.items()})


def report(people: int, yardstick: Figure, figures: Sequence[Figure], memory: dict[str, float]) -> None:
    """Print the models, the parts and the two nights: seconds, CPU seconds, and both as ratios."""
    project = compile_project(load_settings(Path.cwd()))
    later, first = figures[-len(LATER) :], figures[: -len(LATER)]
    print(f"tags of {people:,} people, {people * TOUCHES_EACH:,} touches: seconds, CPU seconds, ratios of both")
    tell(f"one aggregation by person ({memory['aggregation']:.0f} MiB)", [yardstick], yardstick)
    print(f"  models, slowest first; * = with a full history ({memory['tags']:.0f} MiB)")
    marked: list[Figure] = [*first, *((f"{name} *", seconds, cpu, rows) for name, seconds, cpu, rows in later)]
    for name, seconds, cpu, rows in sorted(marked, key=lambda figure: -figure[1]):
        count = "a view" if rows is None else f"{rows:,} rows"
        print(f"    {name:<38} {seconds:8.2f} s {cpu:8.2f} s {count:>18}")
    parts: dict[str, list[Figure]] = {}
    for figure in [*(f for f in first if f[0] not in LATER), *later]:
        parts.setdefault(part_of(figure[0], project), []).append(figure)
    for title, found in parts.items():
        tell(title, found, yardstick)
    tell("all models, first night", first, yardstick)
    tell("all models, with a full history", [f for found in parts.values() for f in found], yardstick)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--method", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.method:
        name, database, folder = args.method
        Path(folder, "figures.json").write_text(json.dumps(METHODS[name](Path(database), Path(folder))))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), args.people, args.runs)


if __name__ == "__main__":
    main()
