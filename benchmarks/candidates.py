"""How many people and companies stay in several pieces, and how many of those a search for duplicates finds.

A dirty world (mistyped names, mails, mobiles and companies, abbreviations of companies, second accounts) is simulated
and landed, and schema identity is built. An ID counts as the person or company most of its records are of, by the
truth of the simulator. Counted are pairs of IDs of one true person, and of one true company. A pair is nameable if
both sides have a name, a mobile, a mail or a company (a company: a name, a domain or a credit code). With only a cookie
or an openid on one side there is nothing to compare, so no method can find it.

If the build has a table identity.candidate, it is measured, too. Its columns are entity (person or company), generators
(codes joined by ', '), score, left_id and right_id. Recall is the share of the missed nameable pairs that it has.
Precision is the share of right ones among the first 500 by score; for a generator, among its own first 500. A pair of
which the truth does not know one side (only students and staff named that company) is not judged. "alone":
found by no other generator.

    python benchmarks/candidates.py
    python benchmarks/candidates.py --people 10000 --seed 8 --knob company_abbreviation=0.3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, fields, replace
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from siyu.engines.sql import quoted
from siyu.simulate import simulate_exports
from siyu.simulate.knobs import Knobs, turned
from tests.golden.identity import build, land, settings_of

PEOPLE, DAYS, SEED = 3000, 180, 5
FIRST = 500
DIRT = Knobs(
    name_typo=0.03, mail_typo=0.03, typo=0.03, swapped_digits=0.02, company_typo=0.05, company_abbreviation=0.15,
    lost_login=0.03,
)  # fmt: skip
ENTITIES = {"person": "people", "company": "companies"}
# The person or company most records of an ID are of. Students and our own staff name other companies than the truth.
OWNERS = """
create temp table owner as
with truth as (
    select t.channel, t.record_id, t.person, t.company, p.kind
    from read_csv({truth}, all_varchar = true) as t left join read_csv({people}, all_varchar = true) as p using (person)
),
told as (
    select 'person' as entity, r.one_id as id, t.person as owner
    from identity.record_person as r
    join truth as t on t.channel = r.channel and t.record_id = split_part(r.record_id, '#', 1)
    where r.one_id is not null and t.person is not null
    union all
    select 'company', r.account_id, t.company
    from identity.record_person as r
    join truth as t on t.channel = r.channel and t.record_id = split_part(r.record_id, '#', 1)
    where r.account_basis = 'record' and t.company is not null and coalesce(t.kind, '') not in ('learner', 'staff')
),
counted as (
    select entity, id, owner, count(*) as records from told group by entity, id, owner
)
select entity, id, owner from counted
qualify row_number() over (partition by entity, id order by records desc, owner) = 1
"""
# IDs about which something is known that can be compared.
NAMEABLE = """
create temp table nameable as
with known as (
    {shapes}
)
select distinct 'person' as entity, r.one_id as id
from known as k join identity.record_person as r using (channel, record_id)
where r.one_id is not null
union all
select distinct 'company', account_id from identity.account_id
where id_type in ('company_name', 'email_domain', 'credit_code')
"""
SHAPES = {"contact": "full_name, ", "touch": "", "link": "", "deal": "", "ticket": ""}
PAIRS = """
create temp table pair as
select
    a.entity, a.id as left_id, b.id as right_id, a.owner, m.id is not null and n.id is not null as is_nameable
from owner as a
join owner as b on a.entity = b.entity and a.owner = b.owner and a.id < b.id
left join nameable as m on m.entity = a.entity and m.id = a.id
left join nameable as n on n.entity = b.entity and n.id = b.id
"""
# A pair in either order, once. Where a pair stands twice, the better score counts.
CANDIDATES = """
create temp table candidate as
with ordered as (
    select
        entity, least(left_id, right_id) as left_id, greatest(left_id, right_id) as right_id, max(score) as score,
        list_distinct(flatten(list(string_split(generators, ', ')))) as generators
    from identity.candidate where left_id <> right_id group by all
)
select
    o.*, a.owner is not null and b.owner is not null as is_judged, coalesce(a.owner = b.owner, false) as is_right,
    coalesce(p.is_nameable, false) as is_nameable
from ordered as o
left join owner as a on a.entity = o.entity and a.id = o.left_id
left join owner as b on b.entity = o.entity and b.id = o.right_id
left join pair as p on p.entity = o.entity and p.left_id = o.left_id and p.right_id = o.right_id
"""


@dataclass(frozen=True)
class Pieces:
    """Pairs of IDs of one true person or company."""

    ids: int
    owners: int
    in_pieces: int
    pairs: int
    nameable: int


@dataclass(frozen=True)
class Found:
    """What candidates are worth. `of_first` is how many of the first ones there are; generator '' is all of them."""

    generator: str
    candidates: int
    recalled: int
    alone: int
    right_of_first: int
    of_first: int


def judge(con: duckdb.DuckDBPyConnection, exports: Path) -> None:
    """Make the temporary tables owner, nameable and pair, and candidate if the build has candidates."""
    truth = exports / "truth"
    con.execute(OWNERS.format(truth=quoted(truth / "person.csv"), people=quoted(truth / "people.csv")))
    shapes = "\n    union\n    ".join(
        f"select channel, record_id from records.{shape} where coalesce({more}mobile, email, company_name) is not null"
        for shape, more in SHAPES.items()
    )
    con.execute(NAMEABLE.format(shapes=shapes))
    con.execute(PAIRS)
    if has_candidates(con):
        con.execute(CANDIDATES)


def has_candidates(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the build has the table of candidates."""
    schemas = "select count(*) from information_schema.tables where table_catalog = current_database()"
    return bool(con.execute(f"{schemas} and table_schema = 'identity' and table_name = 'candidate'").fetchall()[0][0])


def pieces(con: duckdb.DuckDBPyConnection, entity: str) -> Pieces:
    """Count the IDs of an entity and the pairs of them that should be one."""
    ids, owners, in_pieces = con.execute(
        "select sum(ids)::bigint, count(*), count(*) filter (where ids > 1)"
        " from (select owner, count(*) as ids from owner where entity = ? group by owner)",
        [entity],
    ).fetchall()[0]
    pairs = con.execute("select count(*), count(*) filter (where is_nameable) from pair where entity = ?", [entity])
    return Pieces(ids or 0, owners, in_pieces, *pairs.fetchall()[0])


def found(con: duckdb.DuckDBPyConnection, entity: str) -> list[Found]:
    """Measure all candidates of an entity, then those of each generator."""
    rows = con.execute(
        "with each as ("
        " select *, unnest(list_prepend('', generators)) as generator, len(generators) as generator_count"
        " from candidate where entity = ?),"
        " ranked as (select *, row_number() over ("
        "  partition by generator, is_judged order by score desc, left_id, right_id) as rank from each)"
        " select generator, count(*), count(*) filter (where is_nameable),"
        " count(*) filter (where is_nameable and generator_count = 1),"
        f" count(*) filter (where is_right and rank <= {FIRST}),"
        f" count(*) filter (where is_judged and rank <= {FIRST})"
        " from ranked group by generator order by generator",
        [entity],
    ).fetchall()
    return [Found(*row) for row in rows]


def reasons(con: duckdb.DuckDBPyConnection, exports: Path) -> list[tuple[str, int, int]]:
    """Return (trait, missed nameable pairs of people who have it, those people) of each kind of dirt."""
    people = quoted(exports / "truth" / "people.csv")
    dirt = [knob.name for knob in fields(Knobs) if getattr(DIRT, knob.name) != knob.default]
    named = ", ".join(quoted(name) for name in [*dirt, "careless", "two_phones", "switchboard", "family_phone"])
    return con.execute(
        f"with traits as (select person, unnest(string_split(traits, ';')) as trait"
        f" from read_csv({people}, all_varchar = true))"
        " select t.trait, count(*) as pairs, count(distinct p.owner) from pair as p join traits as t"
        f" on t.person = p.owner where p.entity = 'person' and p.is_nameable and t.trait in ({named})"
        " group by t.trait order by pairs desc, t.trait"
    ).fetchall()


def report(con: duckdb.DuckDBPyConnection, exports: Path) -> None:
    """Print everything about a build that was judged."""
    print(
        f"{'':<12}{'IDs':>9}{'true':>9}{'in pieces':>11}{'missed pairs':>14}{'nameable':>10}{'nothing to compare':>20}"
    )
    counted = {entity: pieces(con, entity) for entity in ENTITIES}
    for entity, one in counted.items():
        print(
            f"{ENTITIES[entity]:<12}{one.ids:>9,}{one.owners:>9,}{one.in_pieces:>11,}{one.pairs:>14,}"
            f"{one.nameable:>10,}{one.pairs - one.nameable:>20,}"
        )
    print("\nmissed nameable pairs of people with a trait (a person can have several)")
    for trait, pairs, people in reasons(con, exports):
        print(f"  {trait:<22}{pairs:>8,} pairs of {people:,} people")
    if not has_candidates(con):
        print("\nThis build has no table identity.candidate, so no candidates are measured.")
        return
    for entity, one in counted.items():
        print(f"\ncandidates of {ENTITIES[entity]}, {one.nameable:,} to find")
        print(f"  {'generator':<26}{'candidates':>11}{'found':>8}{'recall':>9}{'alone':>7}{'right of first':>18}")
        for row in found(con, entity):
            share = f"{row.right_of_first / row.of_first:.3f} of {row.of_first}" if row.of_first else ""
            recall = f"{row.recalled / one.nameable:.3f}" if one.nameable else ""
            print(
                f"  {row.generator or 'all':<26}{row.candidates:>11,}{row.recalled:>8,}{recall:>9}"
                f"{row.alone if row.generator else '':>7}{share:>18}"
            )


def main() -> None:
    """Simulate, land, build, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--knob", action="append", default=[], help="name=share; the others are as dirty as here")
    arguments = parser.parse_args()
    changed = turned(arguments.knob)
    names = [setting.partition("=")[0] for setting in arguments.knob]
    knobs = replace(DIRT, **{name: getattr(changed, name) for name in names})
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder) / "exports"
        simulate_exports(exports, people=arguments.people, days=DAYS, seed=arguments.seed, knobs=knobs)
        settings = settings_of(Path(folder), exports)
        land(settings)
        con = build(settings).connect()
        print(f"{arguments.people:,} simulated people, seed {arguments.seed}\n")
        judge(con, exports)
        report(con, exports)
        con.close()


if __name__ == "__main__":
    main()
