"""What the audience costs: every model of schema audience, beside all models of schema journey over the same touches.

The people are those of the tags (tag_world.py), twenty touches each: four in ten are known by name and mobile and have
most of the touches, half of them are on WeCom, one in ten bought; others have an opportunity, some of which is lost.
Reference tables have the size of a company: 100 members of staff with territories, 1,000 items of content and 10 events
to come, two of them small. From records and identities, the compiled models of the journey are built: they are the
yardstick. Then come the tags that the audience reads, which do not count, then all models of the audience, one after
another; those with a history are built once more on the history of the night before, in which a fiftieth is missing.
Each schema is a process of its own; seconds are those of the work, CPU seconds count all threads, memory is the peak of
the process. The target: a night of the audience within a quarter of the journey, below 6 GB.

    python benchmarks/audience.py                          100,000 people, 2,000,000 touches
    python benchmarks/audience.py --people 1000000         twenty touches each
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from building import TOUCHES_EACH, Figure, Method, build_timed, model_line, open_build, run_benchmark, run_method, timed
from tag_world import MOBILE, MOMENT, STAFF, Size, write_world

from siyu.build.database import write_previous
from siyu.compile.project import Project
from siyu.compile.template import previous_relation
from siyu.engines.duckdb import DuckEngine
from siyu.layers import base_layer

SCHEMAS = ("journey", "tags", "audience")
STAFF_COUNT, ITEMS_OF_A_STAGE = 100, 250
GROUP_KINDS = ("service", "topic", "flash", "deal")
PRODUCTS = {"P-SERVO": "Servo", "P-ROBOT": "Robot", "P-SENSOR": "Sensor", "P-PLC": "Plc", "P-VISION": "Vision"}
TOPICS = ("quality", "delivery", "service", "compliance", "application", "price", "safety")
FORMATS = ("white_paper", "video", "case", "course", "live", "article")
STAGES = {"AWA": "awareness", "NUR": "nurture", "SEL": "selection", "ADV": "advocacy"}
TERRITORIES = ("华东", "华南", "华北", "华中", "西南", "西北", "东北")
EVENTS = (  # province or nothing for online, topic, product line, seats, whom it is for
    ("", "quality", "Robot", 2000, "people"),
    ("", "price", "Servo", 2000, "prospects"),
    ("", "application", "Plc", 500, "partners"),
    ("上海", "delivery", "Sensor", 60, "people"),
    ("江苏", "compliance", "Vision", 60, "people"),
    ("广东", "service", "Robot", 300, "customers"),
    ("山东", "safety", "Servo", 200, "people"),
    ("浙江", "quality", "Vision", 300, "prospects"),
    ("广东", "", "Sensor", 500, "people"),
    ("", "delivery", "", 1000, "people"),
)
# Prospects with an opportunity, a third of them lost; and whoever asked to be erased.
MORE = {
    "records.deal": f"""
        select 'crm' as channel, 'deals:' || p || '-3' as record_id, 1 as landed_seq, 'D' || p || '-3' as deal_id,
            1 as line_no, 'opportunity' as kind, {MOMENT.format("p, 40")} as occurred_at,
            {MOMENT.format("p, 40")} + to_days((hash(p, 41) % 60)::integer) as closed_at,
            case when hash(p, 42) % 3 = 0 then 'lost' else 'open' end as status, 1000.00 * (1 + p % 97) as amount,
            {STAFF.format("p // 10")} as staff_id, date '2026-07-01' + (p % 400)::integer as expected_date
        from range({{people}}) as r(p) where p % 10 = 1 and hash(p, 43) % 5 = 0
    """,
    "identity.human_decision": f"""
        select p as rule_no, 'erase' as decision, 'mobile' as left_type, {MOBILE.format("p")} as left_value,
            true as is_latest
        from range({{people}}) as r(p) where p % 1000 = 2
    """,
}
# The history of the night before: what is true now without a fiftieth, and rows that ended earlier.
HISTORIES = {
    "audience.person_owner_history": ("one_id, role, staff_id", ""),
    "audience.segment_history": ("segment, one_id", ", 'data' as reason, {end_reason} as end_reason"),
}
FULL_HISTORY = """
create or replace table {previous} as
select {key}, date '2026-05-01' as valid_from, null::date as valid_to {open}
from {model} where valid_to is null and hash({key}) % 50 > 0
union all
select {key}, date '2026-03-01', date '2026-05-01' {ended}
from {model} where valid_to is null and hash({key}, 1) % 5 = 0
"""
LATER = ("audience.person_owner", *HISTORIES, "audience.segment", "audience.segment_member")


def open_world(database: Path, root: Path) -> tuple[DuckEngine, Project]:
    """The database of the world, in which what the process before wrote is at rest."""
    engine, project = open_build(database, root, root / "exports")
    session = engine.session()
    session.execute("checkpoint")  # what the process before left to write is no part of this one
    session.close()
    return engine, project


def world(database: Path, root: Path, schemas: Sequence[str] = SCHEMAS) -> list[Figure]:
    """Reference tables, records and identities, in a process of its own; not what the models of `schemas` make."""
    people = int(os.environ["BENCHMARK_PEOPLE"])
    write_references(root / "exports" / "reference", people)
    engine, project = open_world(database, root)
    size = Size(people, people * TOUCHES_EACH, STAFF_COUNT, ITEMS_OF_A_STAGE)
    figures = [timed("world", lambda: write_world(engine, project, size, schemas, MORE))]
    engine.close()
    return figures


def write_references(folder: Path, people: int) -> None:
    """The tables of the sample, but as much staff, content, events and groups as a company has."""
    shutil.copytree(base_layer() / "seeds" / "sample" / "reference", folder)
    roles = ("sales", "sales", "sales", "sales", "sales", "sales", "sdr", "sdr", "sdr", "service")
    staff = [(f"S{n:03}", f"team-{n % 10}", roles[n % 10], 14000, "false", "", f"员工{n}") for n in range(STAFF_COUNT)]
    _write(folder / "staff.csv", "staff_id,team,role,monthly_cost,outsourced,vendor,name_zh", staff)
    seated = [(TERRITORIES[n // 10 % len(TERRITORIES)], row[0]) for n, row in enumerate(staff)]
    _write(folder / "territory_staff.csv", "territory,staff_id", seated)
    groups = [(f"G{n}", GROUP_KINDS[n % len(GROUP_KINDS)], "") for n in range(people // 500)]
    _write(folder / "groups.csv", "chat_id,group_kind,campaign_id", groups)
    products = list(PRODUCTS)
    items = [
        (f"CT-{code}-{n}", stage, TOPICS[n % 7], FORMATS[n % 6], products[n % 5], f"内容{n}", f"Item {n}")
        for code, stage in STAGES.items()
        for n in range(1, ITEMS_OF_A_STAGE + 1)
    ]
    _write(folder / "content.csv", "content_id,content_stage,topic,format,product_id,name_zh,name_en", items)
    events = [
        (f"E-{n}", f"2026-07-{2 * n + 3:02}", "offline" if place else "online", place, topic, line, seats,
         ("sdr", "sales")[n % 2], audience, ("", "C-SEARCH")[n == 0], f"活动{n}", f"Event {n}")
        for n, (place, topic, line, seats, audience) in enumerate(EVENTS)
    ]  # fmt: skip
    header = (
        "event_id,event_date,form,place,topic,product_line,seats,inviting_role,audience,campaign_id,name_zh,name_en"
    )
    _write(folder / "events.csv", header, events)


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])


def journey(database: Path, root: Path) -> list[Figure]:
    """The yardstick: all models of the journey."""
    engine, project = open_world(database, root)
    write_previous(engine, project, {})
    figures = build_timed(engine, project, models_of(project, "journey"))
    engine.close()
    return figures


def tags(database: Path, root: Path) -> list[Figure]:
    """The tags that the audience reads."""
    engine, project = open_world(database, root)
    wanted, found = set(models_of(project, "audience")), set()
    while wanted:
        found |= wanted
        wanted = {ref for name in wanted for ref in project.graph[name] if ref.startswith("tags.")} - found
    figures = build_timed(engine, project, [name for name in models_of(project, "tags") if name in found])
    engine.close()
    return figures


def audience(database: Path, root: Path) -> list[Figure]:
    """All models of the audience on a first night, then those with a history on a later one."""
    engine, project = open_world(database, root)
    write_previous(engine, project, {})
    figures = build_timed(engine, project, models_of(project, "audience"))
    session = engine.session()
    for model, (key, reasons) in HISTORIES.items():
        session.execute(
            FULL_HISTORY.format(
                previous=previous_relation(model),
                model=model,
                key=key,
                open=reasons.format(end_reason="null::varchar"),
                ended=reasons.format(end_reason="'data'"),
            )
        )
    session.close()
    figures += build_timed(engine, project, LATER)
    engine.close()
    return figures


def models_of(project: Project, schema: str) -> list[str]:
    """The models of a schema, in build order."""
    return [name for name in project.models if name.startswith(f"{schema}.")]


METHODS: dict[str, Method] = {"world": world, "journey": journey, "tags": tags, "audience": audience}


def compare(root: Path, people: int, runs: int) -> None:
    """The journey, the tags and the audience on one world. Of several runs the cheapest counts."""
    database = root / "world.duckdb"
    run_method(__file__, "world", database, root, people)
    print(f"audience of {people:,} people, {people * TOUCHES_EACH:,} touches: seconds, CPU seconds, ratios of both")
    best: dict[str, list[Figure]] = {}
    memory: dict[str, float] = {}
    for name in SCHEMAS:
        told = [run_method(__file__, name, database, root, people) for _ in range(1 if name == "tags" else runs)]
        best[name] = min((figures for figures, _ in told), key=lambda figures: sum(figure[2] for figure in figures))
        memory[name] = max(peak for _, peak in told)
        if name == "tags":
            tell(f"tags that the audience reads ({memory[name]:.0f} MiB)", best[name], best["journey"])
        elif name == "journey":
            tell(f"all models of the journey ({memory[name]:.0f} MiB)", best[name], best["journey"])
    report(best["audience"], best["journey"], memory["audience"])


def report(figures: list[Figure], yardstick: list[Figure], memory: float) -> None:
    """Print the models, slowest first, and the two nights."""
    first, later = figures[: -len(LATER)], figures[-len(LATER) :]
    print(f"  models of the audience, slowest first; * = with a full history ({memory:.0f} MiB)")
    marked: list[Figure] = [*first, *((f"{name} *", seconds, cpu, rows) for name, seconds, cpu, rows in later)]
    for figure in sorted(marked, key=lambda figure: -figure[1]):
        if figure[3] is not None:  # a view takes no time: segment_person reads the segments
            print(model_line(*figure))
    tell("all models, first night", first, yardstick)
    tell("all models, with a full history", [*(f for f in first if f[0] not in LATER), *later], yardstick)


def tell(title: str, figures: Iterable[Figure], yardstick: Iterable[Figure]) -> None:
    """A line of the summary."""
    (seconds, cpu), (base, base_cpu) = (_sums(listed) for listed in (figures, yardstick))
    print(f"  {title:<40} {seconds:8.2f} s {cpu:8.2f} s {seconds / base:6.1%} {cpu / base_cpu:6.1%}", flush=True)


def _sums(figures: Iterable[Figure]) -> tuple[float, float]:
    listed = list(figures)
    return sum(figure[1] for figure in listed), sum(figure[2] for figure in listed)


if __name__ == "__main__":
    run_benchmark(__doc__, METHODS, compare)
