"""The rules of docs/identity.md in plain Python: slow, obvious, and written from the page, not from the models."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import combinations

Identifier = tuple[str, str]  # (id_type, id_value)
RECORD = "record"  # the type of a record that a decision names; the value is channel:record_id


@dataclass(frozen=True)
class Type:
    """A row of identifier_types.csv, and of neighbour_limits.csv: type of neighbour -> how many."""

    strength: int
    is_unique: bool
    max_neighbours: int | None
    counts_to_size: bool
    valid_regex: str
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One version of an exported row; `is_current` unless a later version replaced it."""

    record_id: str
    landed_seq: int
    seen_at: datetime | None
    identifiers: Mapping[str, str]
    is_current: bool = True


@dataclass(frozen=True)
class Rule:
    """A human decision: link, unlink, or exclude (then `right` is None)."""

    decision: str
    left: Identifier
    right: Identifier | None
    decided_at: datetime

    @property
    def ends(self) -> tuple[Identifier, ...]:
        return tuple(sorted(end for end in (self.left, self.right) if end))


@dataclass
class Edge:
    """Two identifiers seen together, the lesser by (type, value) first."""

    ends: tuple[Identifier, Identifier]
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    is_kept: bool = True
    cut_reason: str | None = None


@dataclass
class Answer:
    """Everything the rules say of some records."""

    status: dict[Identifier, str] = field(default_factory=dict)
    edges: dict[tuple[Identifier, Identifier], Edge] = field(default_factory=dict)
    one_ids: dict[Identifier, str] = field(default_factory=dict)
    contested: set[Identifier] = field(default_factory=set)
    owners: dict[str, str | None] = field(default_factory=dict)

    @property
    def partition(self) -> set[frozenset[Identifier]]:
        """The people, as sets of identifiers."""
        people: dict[str, set[Identifier]] = defaultdict(set)
        for identifier, one_id in self.one_ids.items():
            people[one_id].add(identifier)
        return {frozenset(members) for members in people.values()}


def keyed_hash(key: str, value: str) -> str:
    """sha256(key || sha256(key || value))"""
    inner = hashlib.sha256((key + value).encode()).hexdigest()
    return hashlib.sha256((key + inner).encode()).hexdigest()


def clean(identifier: Identifier) -> Identifier:
    """Return a value without invisible characters around it."""
    kind, value = identifier
    unseen = {"Zs", "Zl", "Zp", "Cc", "Cf"}
    seen = [i for i, character in enumerate(value) if unicodedata.category(character) not in unseen]
    return kind, value[seen[0] : seen[-1] + 1] if seen else ""


def means_nothing(value: str, words: Collection[str]) -> bool:
    """Whether a value is a placeholder or only zeros, in any case, without the punctuation around it."""
    while value and not value[0].isalnum():
        value = value[1:]
    while value and not value[-1].isalnum():
        value = value[:-1]
    return value.casefold() in words or not {character for character in value if character.isalnum()} - {"0"}


def who_is_who(
    records: list[Record],
    types: Mapping[str, Type],
    is_blocked: set[Identifier],
    max_size: int,
    key: str,
    rules: Iterable[Rule] = (),
    words: Collection[str] = (),
) -> Answer:
    """The rules, one after the other."""
    answer = Answer()
    types = {**types, RECORD: Type(max(t.strength for t in types.values()) + 1, False, None, False, "")}
    records = [replace(r, identifiers=dict(map(clean, r.identifiers.items()))) for r in records]
    rules = [replace(r, left=clean(r.left), right=clean(r.right) if r.right else None) for r in rules]
    is_blocked = is_blocked | {rule.left for rule in _latest(rules) if rule.decision == "exclude"}
    landed: dict[Identifier, int] = {}
    for record in records:
        for identifier in record.identifiers.items():
            landed[identifier] = min(record.landed_seq, landed.get(identifier, record.landed_seq))
    valid = set()
    for identifier in landed:
        if not re.search(types[identifier[0]].valid_regex, identifier[1]):
            answer.status[identifier] = "invalid"
        elif identifier in is_blocked or means_nothing(identifier[1], words):
            answer.status[identifier] = "blocked"
        else:
            valid.add(identifier)
    raw = _raw_edges(records, valid)
    shared = _shared(raw, types)
    for identifier in valid:
        answer.status[identifier] = "shared" if identifier in shared else "used"
    decided, nodes = _decided(rules, records, valid, valid - shared, types)
    valid |= nodes.keys()
    landed.update({node: record.landed_seq for node, record in nodes.items()})
    records = [replace(r, identifiers={**r.identifiers, **dict(n for n in nodes if nodes[n] is r)}) for r in records]
    links = {rule.ends for rule in decided if rule.decision == "link"}
    used = (valid - shared).union(*links)
    answer.status.update(dict.fromkeys(used, "used"))
    answer.edges = {ends: edge for ends, edge in raw.items() if ends in links or not set(ends) & shared}
    answer.edges.update({ends: Edge(ends, None, None) for ends in links - raw.keys()})
    groups = _people(answer.edges, used, types, max_size, decided)
    for group in groups:
        anchor = min(group, key=lambda i: (i[0] == RECORD, landed[i], types[i[0]].strength, i))
        one_id = "P" + keyed_hash(key, f"{anchor[0]}:{anchor[1]}")[:20]
        answer.one_ids.update(dict.fromkeys(group, one_id))
    held = {end for ends in links if answer.edges[ends].is_kept for end in ends}
    answer.contested = _contested(answer, types) - held
    for record in records:
        if record.is_current:
            answer.owners[record.record_id] = _owner(record, answer, types)
    return answer


def _raw_edges(records: list[Record], valid: set[Identifier]) -> dict[tuple[Identifier, Identifier], Edge]:
    times: dict[tuple[Identifier, Identifier], list[datetime]] = defaultdict(list)
    for record in records:
        if record.is_current:
            for ends in combinations(sorted(i for i in record.identifiers.items() if i in valid), 2):
                times[ends] += [record.seen_at] if record.seen_at else []
    return {ends: Edge(ends, min(seen, default=None), max(seen, default=None)) for ends, seen in times.items()}


def _neighbours(edges: Iterable[tuple[Identifier, Identifier]]) -> dict[Identifier, set[Identifier]]:
    found: dict[Identifier, set[Identifier]] = defaultdict(set)
    for left, right in edges:
        found[left].add(right)
        found[right].add(left)
    return found


def _shared(raw: Mapping[tuple[Identifier, Identifier], Edge], types: Mapping[str, Type]) -> set[Identifier]:
    shared = set()
    for identifier, others in _neighbours(raw).items():
        own = types[identifier[0]]
        for name in {other[0] for other in others}:
            count = sum(other[0] == name for other in others)
            allowed = own.limits.get(name)
            if allowed is None and types[name].strength <= own.strength:
                allowed = own.max_neighbours
            if allowed is not None and count > allowed:
                shared.add(identifier)
    return shared


def _latest(rules: Iterable[Rule]) -> list[Rule]:
    """Of each pair the latest word, of one moment the cautious one; an exclusion stands until a later link."""
    found: dict[tuple[bool, tuple[Identifier, ...]], Rule] = {}
    for rule in sorted(rules, key=lambda r: (r.decided_at, r.decision)):
        found[rule.decision == "exclude", rule.ends] = rule
    linked: dict[Identifier, datetime] = {}
    for rule in sorted(rules, key=lambda r: r.decided_at):
        if rule.decision == "link":
            linked.update(dict.fromkeys(rule.ends, rule.decided_at))
    return [
        rule
        for rule in found.values()
        if rule.decision != "exclude" or linked.get(rule.left, datetime.min) <= rule.decided_at
    ]


def _decided(
    rules: list[Rule],
    records: list[Record],
    valid: set[Identifier],
    usable: set[Identifier],
    types: Mapping[str, Type],
) -> tuple[list[Rule], dict[Identifier, Record]]:
    """Decisions about two identifiers, and the records that are identifiers of their own.

    A record stands for its strongest usable identifier, else for itself. A link of a record also links what both sides
    have of each unique type. Of a decision about a pair and a link that it follows from, the later one counts.
    """
    named = {(RECORD, f"anything:{r.record_id}"): r for r in records if r.is_current}

    def carried(side: Identifier) -> list[Identifier]:
        held = [i for i in named[side].identifiers.items() if i in usable] if side in named else [side]
        return sorted(held, key=lambda i: (types[i[0]].strength, i))

    pairs = [rule for rule in rules if rule.right and rule.decision != "exclude"]
    told = [(r, replace(r, left=[*carried(r.left), r.left][0], right=[*carried(r.right), r.right][0])) for r in pairs]
    latest = {rule.ends: rule for rule in _latest(rule for _, rule in told)}
    nodes = {
        end: named[end]
        for rule in latest.values()
        if rule.decision == "link" and set(rule.ends) <= valid | named.keys()
        for end in rule.ends
        if end in named
    }
    decided = {e: rule for e, rule in latest.items() if e[0] != e[1] and set(e) <= valid | nodes.keys()}
    for written, rule in told:
        if RECORD not in (written.left[0], written.right[0]) or latest[rule.ends].decision != "link":
            continue
        if rule.decision == "link":
            for left in carried(written.left):
                for right in carried(written.right):
                    if left[0] == right[0] and left != right and types[left[0]].is_unique and {left, right} <= valid:
                        implied = Rule("link", left, right, written.decided_at)
                        other = decided.get(implied.ends)
                        if other is None or other.decided_at < implied.decided_at:
                            decided[implied.ends] = implied
    return list(decided.values()), nodes


@dataclass
class Person:
    """A set of identifiers on its way; each link that united it allows as many again as one person may have."""

    members: set[Identifier]
    links: int = 0


def _people(
    edges: dict[tuple[Identifier, Identifier], Edge],
    used: set[Identifier],
    types: Mapping[str, Type],
    max_size: int,
    decided: list[Rule],
) -> list[set[Identifier]]:
    """Every component greedily: where nothing offends, that gives the component itself. Humans first, latest first."""
    group = {identifier: Person({identifier}) for identifier in used}
    apart: list[tuple[Identifier, ...]] = []

    def are_apart(united: set[Identifier]) -> bool:
        return any(set(ends) <= united for ends in apart)

    def unite(left: Person, right: Person, links: int) -> None:
        person = Person(left.members | right.members, links)
        group.update(dict.fromkeys(person.members, person))

    pairs = {rule.ends for rule in decided}
    said_apart = set()
    for rule in sorted(
        sorted(decided, key=lambda r: (r.decision == "link", r.ends)), key=lambda r: r.decided_at, reverse=True
    ):
        if not set(rule.ends) <= used:
            continue
        left, right = (group[end] for end in rule.ends)
        if rule.decision == "unlink":
            if left is not right:
                apart.append(rule.ends)
                said_apart.add(rule.ends)
        elif left is not right and are_apart(left.members | right.members):
            edges[rule.ends].is_kept, edges[rule.ends].cut_reason = False, "unlink"
        elif left is not right:
            unite(left, right, left.links + right.links + 1)

    def strength(ends: tuple[Identifier, Identifier]) -> int:
        return max(types[end[0]].strength for end in ends)

    order = sorted(
        edges.values(),
        key=lambda e: (strength(e.ends), e.first_seen_at is None, e.first_seen_at or datetime.min, e.ends),
    )
    for edge in order:
        left, right = (group[end] for end in edge.ends)
        if edge.ends in said_apart:
            edge.is_kept, edge.cut_reason = False, "unlink"
        if edge.ends in pairs or left is right:
            continue
        united, allowed = left.members | right.members, 1 + left.links + right.links
        both = {name for name, _ in left.members} & {name for name, _ in right.members}
        if are_apart(united):
            edge.is_kept, edge.cut_reason = False, "unlink"
        elif any(types[name].is_unique for name in both):
            edge.is_kept, edge.cut_reason = False, "unique"
        elif sum(types[name].counts_to_size for name, _ in united) > max_size * allowed:
            edge.is_kept, edge.cut_reason = False, "size"
        else:
            unite(left, right, left.links + right.links)
    for ends, edge in edges.items():
        if group[ends[0]] is group[ends[1]]:  # joined later, by a linked person, who may be larger
            edge.is_kept, edge.cut_reason = True, None
    return list({id(person): person.members for person in group.values()}.values())


def _contested(answer: Answer, types: Mapping[str, Type]) -> set[Identifier]:
    cuts = _neighbours(ends for ends, edge in answer.edges.items() if edge.cut_reason == "unique")
    contested = set()
    for mine, others in cuts.items():
        for other in others:
            seen_with = sum(answer.one_ids[x] == answer.one_ids[other] for x in others)
            seen_by = sum(answer.one_ids[x] == answer.one_ids[mine] for x in cuts[other])
            weaker = types[mine[0]].strength >= types[other[0]].strength
            if not types[mine[0]].is_unique and (
                types[other[0]].is_unique or seen_with > seen_by or (seen_with == seen_by and weaker)
            ):
                contested.add(mine)
    return contested


def _owner(record: Record, answer: Answer, types: Mapping[str, Type]) -> str | None:
    used = sorted(
        (i for i in record.identifiers.items() if answer.status[i] == "used"), key=lambda i: (types[i[0]].strength, i)
    )
    for identifier in used:
        if identifier not in answer.contested:
            return answer.one_ids[identifier]
    for identifier in used:
        holder = _holder(identifier, record.seen_at, answer)
        if holder is not None:
            return holder
    return None


def _holder(identifier: Identifier, moment: datetime | None, answer: Answer) -> str | None:
    """Who held a contested identifier at a moment; nobody where two held it at once."""
    times: dict[str, list[tuple[datetime | None, datetime | None]]] = defaultdict(list)
    for ends, edge in answer.edges.items():
        if identifier in ends:
            other = ends[0] if ends[1] == identifier else ends[1]
            times[answer.one_ids[other]].append((edge.first_seen_at, edge.last_seen_at))
    tenures = []
    for one_id, spans in times.items():
        first = min((a for a, _ in spans if a), default=None)
        last = max((b for _, b in spans if b), default=None)
        if first is None or last is None:
            return None
        tenures.append((first, last, one_id))
    tenures.sort()
    if moment is None or any(b[0] <= a[1] for a, b in combinations(tenures, 2)):
        return None
    if moment < tenures[0][0]:
        return tenures[0][2]
    if moment > tenures[-1][1]:
        return tenures[-1][2]
    return next((one_id for first, last, one_id in tenures if first <= moment <= last), None)
