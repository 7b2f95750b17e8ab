"""However large the simulated world is, its reference table of territories says nothing twice."""

from __future__ import annotations

from collections import Counter

from siyu.simulate import LAST_DAY
from siyu.simulate.knobs import Knobs
from siyu.simulate.reference import TERRITORIES, _territory_staff
from siyu.simulate.world import World


def test_one_member_of_sales_has_two_territories_and_nobody_has_one_twice() -> None:
    for people in range(600, 12_000, 200):
        rows = list(_territory_staff(World(7, people, 30, LAST_DAY, 0, Knobs())))
        assert len(set(rows)) == len(rows), people
        members = Counter(member for _, member in rows)
        assert sorted(members.values()) == [*[1] * (len(members) - 1), 2], people
        assert {territory for territory, _ in rows} <= set(TERRITORIES), people
