"""What the KPIs cost: every model of schema kpi, beside everything else that a night builds from records.

The people and their touches are those of the audience (audience.py): twenty touches each over a year, deals, links,
tickets, 100 members of staff, 1,000 items of content, 10 events, a group for every 500 people, spend of every day. From
records and identities, all models of journey, tags, audience and kpi are built, one after another; each schema is a
process of its own. Then the KPIs that look at the night before are built once more, with the figures of that night.
Seconds are those of the work, CPU seconds count all threads, memory is the peak of the process. The target: at most
30 % of the build, below 3 GB. Identity is not built here, so the share of a whole night is smaller:
benchmarks/night.py has it.

    python benchmarks/kpi.py                          100,000 people, 2,000,000 touches
    python benchmarks/kpi.py --people 1000000         twenty touches each
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import audience
from audience import models_of, open_world
from building import TOUCHES_EACH, Figure, Method, build_timed, model_line, run_benchmark, run_method

from siyu.build.database import write_previous
from siyu.compile.template import previous_relation

SCHEMAS = ("journey", "tags", "audience", "kpi")
VALUE = "kpi.kpi_value"
KPI = SCHEMAS[-1]


def schema(name: str, database: Path, root: Path) -> list[Figure]:
    """All models of a schema on a first night."""
    engine, project = open_world(database, root)
    write_previous(engine, project, {})
    figures = build_timed(engine, project, models_of(project, name))
    engine.close()
    return figures


def later(database: Path, root: Path) -> list[Figure]:
    """The models that read the figures of the night before, and what reads them, when there are such figures."""
    engine, project = open_world(database, root)
    session = engine.session()
    session.execute(f"create or replace table {previous_relation(VALUE)} as select * from {VALUE}")
    session.close()
    names = models_of(project, KPI)
    wanted = {name for name in names if VALUE in project.models[name].previous}
    for name in names:  # in build order
        if project.graph[name] & wanted:
            wanted.add(name)
    figures = build_timed(engine, project, [name for name in names if name in wanted])
    engine.close()
    return figures


METHODS: dict[str, Method] = {
    "world": partial(audience.world, schemas=SCHEMAS),
    **{name: partial(schema, name) for name in SCHEMAS},
    "later": later,
}


def compare(root: Path, people: int, runs: int) -> None:
    """Every schema on one world. Of several runs the cheapest counts."""
    database = root / "world.duckdb"
    run_method(__file__, "world", database, root, people)
    print(f"KPIs of {people:,} people, {people * TOUCHES_EACH:,} touches: seconds, CPU seconds, share of both")
    best: dict[str, list[Figure]] = {}
    memory: dict[str, float] = {}
    for name in (*SCHEMAS, "later"):
        told = [run_method(__file__, name, database, root, people) for _ in range(runs)]
        best[name] = min((figures for figures, _ in told), key=lambda figures: sum(figure[2] for figure in figures))
        memory[name] = max(peak for _, peak in told)
    seconds = sum(figure[1] for name in SCHEMAS for figure in best[name])
    cpu = sum(figure[2] for name in SCHEMAS for figure in best[name])
    print("  models of kpi, slowest first")
    for figure in sorted(best[KPI], key=lambda figure: -figure[1]):
        if figure[3] is not None:
            print(model_line(*figure))
    for name in (*SCHEMAS, "later"):
        own, used = (sum(figure[column] for figure in best[name]) for column in (1, 2))  # type: ignore[misc]
        what = "kpi, with the figures of a night before" if name == "later" else f"schema {name}"
        line = f"{own:8.2f} s {used:8.2f} s {own / seconds:6.1%} {used / cpu:6.1%}"
        print(f"  {what:<40} {line} {memory[name]:7.0f} MiB", flush=True)


if __name__ == "__main__":
    run_benchmark(__doc__, METHODS, compare)
