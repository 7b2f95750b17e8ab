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

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from building import TOUCHES_EACH, Figure, Method, build_timed, model_line, open_build, run_benchmark, run_method, timed
from tag_world import Size, write_world

from siyu.build.database import write_previous
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.compile.template import previous_relation
from siyu.layers import base_layer
from siyu.settings import load_settings

SAMPLE = base_layer() / "seeds" / "sample"
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


def world(database: Path, root: Path) -> list[Figure]:
    """What the tags read, in a process of its own."""
    engine, project = open_build(database, root, SAMPLE)
    people = int(os.environ["BENCHMARK_PEOPLE"])
    figures = [timed("world", lambda: write_world(engine, project, Size(people, people * TOUCHES_EACH)))]
    engine.close()
    return figures


def aggregation(database: Path, root: Path) -> list[Figure]:
    """The yardstick."""
    engine, _ = open_build(database, root, SAMPLE)
    session = engine.session()
    figures = [timed("aggregation", lambda: session.execute(AGGREGATION))]
    session.execute("drop table main.aggregated")
    session.close()
    engine.close()
    return figures


def tags(database: Path, root: Path) -> list[Figure]:
    """All models of the tags on a first night, then history, sizes and catalog on a later one."""
    engine, project = open_build(database, root, SAMPLE)
    names = [name for name in project.models if name.startswith("tags.")]
    write_previous(engine, project, {})
    figures = build_timed(engine, project, names)
    session = engine.session()
    session.execute(FULL_HISTORY.format(previous=previous_relation("tags.tag_history")))
    session.close()
    figures += build_timed(engine, project, LATER)
    engine.close()
    return figures


METHODS: dict[str, Method] = {"world": world, "aggregation": aggregation, "tags": tags}


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
    run_method(__file__, "world", database, root, people)
    told: dict[str, list[tuple[list[Figure], float]]] = {"aggregation": [], "tags": []}
    for _ in range(runs):
        for name, found in told.items():
            found.append(run_method(__file__, name, database, root, people))
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
        print(model_line(name, seconds, cpu, rows))
    parts: dict[str, list[Figure]] = {}
    for figure in [*(f for f in first if f[0] not in LATER), *later]:
        parts.setdefault(part_of(figure[0], project), []).append(figure)
    for title, found in parts.items():
        tell(title, found, yardstick)
    tell("all models, first night", first, yardstick)
    tell("all models, with a full history", [f for found in parts.values() for f in found], yardstick)


if __name__ == "__main__":
    run_benchmark(__doc__, METHODS, compare)
