"""How well the hand-off finds people with a need, measured on the truth of a simulated world."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from siyu.engines.sql import quoted

PEOPLE = """
select distinct r.one_id, t.person from identity.record_person as r
join read_csv({truth}, all_varchar = true) as t
on t.channel = r.channel and t.record_id = split_part(r.record_id, '#', 1)
where r.one_id is not null and t.person is not null
"""
FIRST_DEALS = """
select t.person, min(d.occurred_at) from records.deal as d
join read_csv({truth}, all_varchar = true) as t
on t.channel = d.channel and t.record_id = split_part(d.record_id, '#', 1)
where t.person is not null and d.kind in ('opportunity', 'order') group by t.person
"""
# Only who may be on a list is handed off; qualification keeps the others, because they may be allowed again.
HANDED = """
select q.one_id, min(q.qualified_at) from audience.handoff_qualification as q
join audience.audience_person as a using (person_key)
where q.step = 'marketing_to_sdr' and a.audience in ('prospect', 'customer') group by q.one_id
"""
LISTABLE = "select one_id from audience.audience_person where audience in ('prospect', 'customer') order by one_id"


@dataclass(frozen=True)
class Measured:
    """`recall`: share of people with a need who were handed off before their first deal opened, or at all if none did.
    `precision`: share of the people handed off who have a need. `by_chance`: both, for a random list of that size."""

    needing: int
    handed: int
    recall: float
    precision: float
    by_chance: tuple[float, float]

    def __str__(self) -> str:
        lists = (("hand-off", self.recall, self.precision), ("random list", *self.by_chance))
        return "\n".join(
            [f"{self.needing} people with a need; {self.handed} people handed off by marketing"]
            + [f"{name:12} recall {recall:.3f}  precision {precision:.3f}" for name, recall, precision in lists]
        )


def measure(con: duckdb.DuckDBPyConnection, truth: Path, seed: int = 1) -> Measured:
    """Compare qualified_at with the truth. `con` has the build database; `truth` is the folder of the simulator."""
    records, people = quoted(truth / "person.csv"), quoted(truth / "people.csv")
    needing = {
        row[0]
        for row in con.execute(
            f"select person from read_csv({people}, all_varchar = true) where kind = 'buyer'"
        ).fetchall()
    }
    owners: dict[str, set[str]] = {}
    for one_id, person in con.execute(PEOPLE.format(truth=records)).fetchall():
        owners.setdefault(one_id, set()).add(person)
    deals: dict[str, datetime] = dict(con.execute(FIRST_DEALS.format(truth=records)).fetchall())
    handed: dict[str, datetime] = dict(con.execute(HANDED).fetchall())
    listable = [row[0] for row in con.execute(LISTABLE).fetchall()]
    chosen = random.Random(seed).sample(listable, len(handed))
    found = {
        person
        for one_id, moment in handed.items()
        for person in owners.get(one_id, ())
        if person not in deals or moment < deals[person]
    }
    # Nobody asks a random list for the moment: whoever is on it counts as found.
    lucky = {person for one_id in chosen for person in owners.get(one_id, ())}
    return Measured(
        len(needing),
        len(handed),
        len(found & needing) / len(needing),
        _share(list(handed), owners, needing),
        (len(lucky & needing) / len(needing), _share(chosen, owners, needing)),
    )


def _share(one_ids: list[str], owners: dict[str, set[str]], needing: set[str]) -> float:
    return sum(bool(owners.get(one_id, set()) & needing) for one_id in one_ids) / max(len(one_ids), 1)
