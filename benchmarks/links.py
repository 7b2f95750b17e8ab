"""What decisions in bulk cost: the identity models without and with thousands of links between records.

People are simulated, and a matcher is imitated: it links pairs of records of one true person, whether or not siyu holds
them apart, and a few pairs of different people. The links are written to identity_rules.csv as `record:` on both
sides. Landing, staging and records are built first, which is not counted. Then the identity models are built one after
another, because two at a time would share the threads. Each build is a process of its own. The target: at most 1.2
times the seconds without links.

    python benchmarks/links.py                    20,000 people, 38,000 links
    python benchmarks/links.py --people 100000 --runs 3
    python benchmarks/links.py --world folder     people that were simulated before
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
from building import Figure, build_timed, model_line, timed
from measuring import AS_OF, KEY, Cost, cost, middle, plain_environment

from siyu.build.parallel import run_in_order
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.settings import load_settings

PEOPLE, LINKS = 20_000, 38_000
SLOWEST = 10
WRONG = 50  # one pair in so many is of two people
# Exports that describe a person, which are what a matcher compares.
DESCRIBING = ("leads", "contacts", "contact_details", "visitors", "users", "enrolments", "attendance")
PAIRS = """
copy (
    with records as (
        select channel, record_id, person, row_number() over (order by hash(person), channel, record_id) as place
        from read_csv('{truth}', all_varchar = true)
        where person is not null and split_part(record_id, ':', 1) in ({exports})
    ),
    pairs as (
        select a.channel || ':' || a.record_id as one, b.channel || ':' || b.record_id as other, true as is_true
        from records as a inner join records as b on a.person = b.person and b.place > a.place
        union all
        select a.channel || ':' || a.record_id, b.channel || ':' || b.record_id, false
        from records as a inner join records as b on b.place = a.place + 1000
    ),
    chosen as (
        (select one, other from pairs where is_true order by hash(one, other) limit {links} - {links} // {wrong})
        union all
        (select one, other from pairs where not is_true order by hash(one, other) limit {links} // {wrong})
    )
    select
        'link' as decision, 'record:' || one as left_id, 'record:' || other as right_id,
        '2026-06-30 08:15:00' as decided_at, 'matcher' as decided_by, 'name and address' as reason
    from chosen order by one, other
) to '{path}' (header)
"""


def write_links(world: Path, count: int) -> int:
    """Write identity_rules.csv of the world and return how many links it has; none = no file."""
    path = world / "reference" / "identity_rules.csv"
    path.unlink(missing_ok=True)
    if not count:
        return 0
    exports = ", ".join(f"'{name}'" for name in DESCRIBING)
    query = PAIRS.format(truth=world / "truth" / "person.csv", exports=exports, links=count, wrong=WRONG, path=path)
    with duckdb.connect() as con:
        con.execute(query)
        return int(con.execute(f"select count(*) from read_csv('{path}', all_varchar = true)").fetchall()[0][0])


def build_identity(told: Path) -> None:
    """Land and stage, then build the identity models and write what each took; for a process of its own."""
    settings = load_settings()
    with Night(settings, Request(as_of=AS_OF)) as night:
        with ThreadPoolExecutor(max_workers=settings.cores) as pool:
            list(pool.map(night.land, night.channels))
        building = night.commit().start_build()
        before = [name for name in building.graph if name.startswith(("staging.", "records."))]
        run_in_order(building.graph, before, building.build, settings.cores)
        names = [name for name in building.graph if name.startswith("identity.")]
        figures = build_timed(building.engine, building.landed.project, names)
        session = building.engine.session()
        effects = session.rows("select effect, count(*) from identity.identity_rule group by effect order by effect")
        session.close()
    told.write_text(json.dumps({"figures": figures, "effects": effects}), encoding="utf-8")


def time_builds(root: Path, world: Path, links: int, runs: int) -> Cost:
    """Build several times, print the slowest models of the median run, and return the median of the sums."""
    environment = plain_environment(exports=world, salt=KEY, warehouse=root / "warehouse")
    told, sums = [], []
    written = write_links(world, links)
    for _ in range(runs):
        path = root / "told.json"
        memory = cost([sys.executable, __file__, "--told", str(path)], environment).memory
        told.append(json.loads(path.read_text(encoding="utf-8")))
        figures = told[-1]["figures"]
        sums.append(Cost(sum(f[1] for f in figures), sum(f[2] for f in figures), memory))
    total = middle(sums)
    order = sorted(range(runs), key=lambda number: sums[number].wall)
    shown: list[Figure] = [tuple(figure) for figure in told[order[runs // 2]]["figures"]]
    effects = ", ".join(f"{count:,} {effect}" for effect, count in told[0]["effects"])
    print(f"  {written:,} links{': ' if effects else ''}{effects}")
    print(f"    {'all identity models':<38} {total.wall:8.2f} s {total.cpu:8.2f} s {total.memory:12,.0f} MiB")
    for figure in sorted(shown, key=lambda one: -one[1])[:SLOWEST]:
        print(model_line(*figure), flush=True)
    return total


def compare(root: Path, world: Path, links: int, runs: int) -> None:
    """Without and with links, and how much more the latter takes."""
    print("  model, wall seconds, CPU seconds, rows")
    without = time_builds(root, world, 0, runs)
    linked = time_builds(root, world, links, runs)
    print(f"  ratio: wall {linked.wall / without.wall:.2f}, CPU {linked.cpu / without.cpu:.2f}   ({runs} runs each)")


def simulate(world: Path, people: int) -> None:
    """Simulate people into a folder."""
    command = [sys.executable, "-m", "siyu", "simulate", "--people", str(people), "--out", str(world)]
    print(f"{people:,} people", *timed("simulated in", lambda: cost(command, plain_environment()) and None)[:2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--world", type=Path, help="a simulated world; its identity_rules.csv is replaced")
    parser.add_argument("--told", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.told:
        build_identity(args.told)
        return
    with tempfile.TemporaryDirectory() as folder:
        world = args.world or Path(folder, "world")
        if args.world is None:
            simulate(world, args.people)
        compare(Path(folder), world, args.links, args.runs)


if __name__ == "__main__":
    main()
