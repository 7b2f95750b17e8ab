"""Who owns whom, in plain Python: one person after the other, to the member of staff who has the fewest people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

ROLES = ("sdr", "sales", "service")
STEPS = {"sdr": "marketing_to_sdr", "sales": "sdr_to_sales"}
LATE = datetime.max


@dataclass(frozen=True)
class Someone:
    """A prospect or customer. `qualified` has the latest moment of each step; `claims` (basis, moment, name, staff)."""

    one_id: str
    audience: str
    is_reachable: bool
    is_served: bool
    territory: str | None
    first_seen: datetime | None
    qualified: Mapping[str, datetime]
    claims: tuple[tuple[str, datetime | None, str, str], ...]

    def needs(self, role: str) -> bool:
        return self.is_reachable and (role != "service" or self.is_served or self.audience == "customer")


# (one_id, role) -> (had another ID, since, staff_id): open assignments of the night before, under the IDs of today
Earlier = Mapping[tuple[str, str], list[tuple[bool, date, str]]]
Owners = dict[tuple[str, str], tuple[str, str]]


def owners_of(
    people: Iterable[Someone], roles: Mapping[str, str], territories: Iterable[tuple[str, str]], earlier: Earlier
) -> Owners:
    """Return the owner and the basis of each person and role. `roles` is staff.csv, by staff_id."""
    listed = [one for one in people if one.audience in ("prospect", "customer")]
    teams: dict[tuple[str, str], set[str]] = defaultdict(set)
    for territory, staff_id in territories:
        teams[territory, roles.get(staff_id, "")].add(staff_id)
    found: Owners = {}
    for role in ROLES:
        members = sorted(staff_id for staff_id, own in roles.items() if own == role)
        known = {one.one_id: owner for one in listed if (owner := _known(one, role, roles, earlier))}
        loads = Counter(dict.fromkeys(members, 0))
        loads.update(staff_id for staff_id, _ in known.values())
        vacant = sorted(
            (one for one in listed if one.one_id not in known and one.needs(role)),
            key=lambda one: (one.qualified.get(STEPS.get(role, ""), LATE), one.first_seen or LATE, one.one_id),
        )
        known |= _seated(vacant, role, members, teams, loads)
        found |= {(one_id, role): owner for one_id, owner in known.items()}
    return found


def _known(one: Someone, role: str, roles: Mapping[str, str], earlier: Earlier) -> tuple[str, str] | None:
    for basis in ("opportunity", "link"):
        # The latest; of several of a moment the first by name, then by member of staff. Unknown moments come last.
        claims = [c for c in one.claims if c[0] == basis and roles.get(c[3]) == role]
        if claims:
            claims.sort(key=lambda c: (c[2], c[3]))
            claims.sort(key=lambda c: c[1] or datetime.min, reverse=True)
            return claims[0][3], basis
    kept = sorted(row for row in earlier.get((one.one_id, role), []) if roles.get(row[2]) == role)
    return (kept[0][2], "kept") if kept and one.needs(role) else None


def _seated(
    vacant: list[Someone],
    role: str,
    members: list[str],
    teams: Mapping[tuple[str, str], set[str]],
    loads: Counter[str],
) -> dict[str, tuple[str, str]]:
    """Seat people on the staff of their territories, each territory by itself, and then all others on the pool."""
    found: dict[str, tuple[str, str]] = {}
    given: Counter[str] = Counter()
    for territory in {one.territory for one in vacant if one.territory}:
        team = Counter({staff_id: loads[staff_id] for staff_id in teams.get((territory, role), ())})
        for one in vacant:
            if team and one.territory == territory:
                chosen = min(team, key=lambda staff_id: (team[staff_id], staff_id))
                team[chosen] += 1
                given[chosen] += 1
                found[one.one_id] = chosen, "territory"
    pool = Counter({staff_id: loads[staff_id] + given[staff_id] for staff_id in members})
    for one in vacant:
        if pool and one.one_id not in found:
            chosen = min(pool, key=lambda staff_id: (pool[staff_id], staff_id))
            pool[chosen] += 1
            found[one.one_id] = chosen, "pool"
    return found
