"""`siyu candidates`: pairs of people, or of companies, that are probably one, and what was decided about them since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from siyu.ask.decided_pairs import Pair, decided_at, decided_since
from siyu.ask.decisions_file import TABLE as RULES
from siyu.ask.evidence import Row
from siyu.ask.list_names import code_of, named
from siyu.ask.lookup import ENTITIES, Entity, Lookup, current_release
from siyu.errors import SiyuError, WrongQuestion, raise_all
from siyu.seeds.candidate_tables import TABLE
from siyu.settings import Settings

COMMAND = "siyu candidates"
STATUSES = ("open", "unsure", "joined", "all")
DECIDED = "decided"
ID = re.compile("K[0-9a-f]{1,12}", re.IGNORECASE)
NUMBER = re.compile("[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Wanted:
    """Which candidates are asked for. `of` is an ID, or an identifier, of which one side must be."""

    entity: str | None = None
    generator: str | None = None
    status: str = "open"
    min_score: Decimal | None = None
    of: str | None = None


@dataclass(frozen=True)
class Side:
    """One of the two: its ID, its oldest identifier, and its golden record."""

    id: str
    id_type: str
    id_value: str
    record_count: int
    deal_count: int
    golden: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The oldest identifier, as id_type:id_value."""
        return f"{self.id_type}:{self.id_value}"


@dataclass(frozen=True)
class Candidate:
    """A pair that is probably one. `told` is its row in the release.

    `status` is open, unsure, joined, or decided: then `rule` is the line of identity_rules.csv since the release.
    """

    candidate_id: str
    number: int
    entity: str
    status: str
    score: Decimal
    generators: tuple[str, ...]
    kpis: tuple[str, ...]
    left: Side
    right: Side
    told: Mapping[str, Any]
    rule: Mapping[str, str] | None = None

    @property
    def verdict(self) -> str | None:
        """What was decided since the release: accept or refuse."""
        return None if self.rule is None else "accept" if self.rule["decision"].strip().lower() == "link" else "refuse"

    @property
    def is_one(self) -> bool:
        """Whether siyu joined the two: then both sides have one ID, and each has the records and deals of both."""
        return self.left.id == self.right.id

    @property
    def record_count(self) -> int:
        """Records of both."""
        return self.left.record_count + (0 if self.is_one else self.right.record_count)

    @property
    def deal_count(self) -> int:
        """Orders and opportunities of both."""
        return self.left.deal_count + (0 if self.is_one else self.right.deal_count)

    @property
    def sides(self) -> tuple[Side, Side]:
        """The one that was known first, and the other one."""
        return self.left, self.right


@dataclass(frozen=True)
class CandidateList:
    """Candidates of a release, by number. `counts` are those of each status that fit the other filters.

    `kpis` and `generators` are code -> names in Chinese and English. `cut` are blocks that were too large to be
    searched, by generator.
    """

    release: str
    as_of: date
    candidates: tuple[Candidate, ...]
    counts: Mapping[str, int]
    kpis: Mapping[str, Sequence[str]]
    generators: Mapping[str, Sequence[str]]
    cut: tuple[Row, ...]


def candidate_list(settings: Settings, wanted: Wanted, limit: int | None = None) -> CandidateList:
    """Return the candidates of the current release that fit, the first `limit` of them with their golden records.

    Raises WrongQuestion for a generator or an ID that does not exist.
    """
    with current_release(settings) as lookup:
        generators = generator_names(lookup)
        wanted = _resolved(lookup, wanted, generators)
        found = [row for row in standing_rows(lookup, wanted.of) if _fits(row, wanted)]
        counts = {status: sum(row["status"] == status for row in found) for status in (*STATUSES[:3], DECIDED)}
        shown = [row for row in found if wanted.status in ("all", row["status"])]
        return CandidateList(
            lookup.release.name, lookup.release.as_of, with_golden_records(lookup, shown[:limit]), counts,
            named(lookup.reference("kpis"), "kpi_code"), generators, _cut_blocks(lookup, wanted.entity),
        )  # fmt: skip


def generator_names(lookup: Lookup) -> dict[str, list[str]]:
    """Return generator -> names in Chinese and English."""
    return named(lookup.reference("candidate_generators"), "generator")


def _resolved(lookup: Lookup, wanted: Wanted, generators: Mapping[str, Sequence[str]]) -> Wanted:
    generator = code_of(wanted.generator, generators, "generator", COMMAND) if wanted.generator else None
    of = lookup.find(wanted.of).one_id if wanted.of else None
    if wanted.of and of is None:
        raise WrongQuestion(f"{wanted.of} belongs to nobody", f"the release {lookup.release.name}", "name another one.")
    return replace(wanted, generator=generator, of=of)


def _fits(row: Row, wanted: Wanted) -> bool:
    return (
        wanted.entity in (None, row["entity"])
        and (wanted.generator is None or wanted.generator in row["generators"].split(", "))
        and (wanted.min_score is None or row["score"] >= wanted.min_score)
    )


def standing_rows(lookup: Lookup, of: str | None = None) -> list[Row]:
    """Return the rows of the release by number, or those of one ID, as _rows_where does."""
    return _rows_where(lookup, "? in (left_id, right_id)", [of]) if of else _rows_where(lookup, "true", [])


def _rows_where(lookup: Lookup, condition: str, values: Sequence[Any]) -> list[Row]:
    """Return rows of the release by number, with the status that they have now and, in `rule`, the line of
    identity_rules.csv that decided them since."""
    query = f"select * from {lookup.table('candidate')} where {condition} order by candidate_no"
    rows = lookup.session.named_rows(query, list(values))
    pairs = {row["candidate_id"]: _pair(row) for row in rows}
    rules = decided_since(lookup, lookup.reference(RULES), pairs) if rows else {}
    unsure = {key for key, row in latest_verdicts(lookup).items() if row.get("verdict") == "unsure"}
    for row in rows:
        row["rule"] = rules.get(row["candidate_id"])
        if row["rule"]:
            row["status"] = DECIDED
        elif row["candidate_id"] in unsure and row["status"] == "open":
            row["status"] = "unsure"
    return rows


def _pair(row: Row) -> Pair:
    left, right = (f"{row[f'{side}_type']}:{row[f'{side}_value']}" for side in ("left", "right"))
    return Pair(left, right, row["left_id"], row["right_id"])


def latest_verdicts(lookup: Lookup) -> dict[str, dict[str, str]]:
    """Return the latest row of candidate_decisions.csv of each candidate."""
    rows = sorted(lookup.reference(TABLE), key=decided_at)
    return {row.get("candidate_id", "").strip(): row for row in rows}


def with_golden_records(lookup: Lookup, rows: Sequence[Row]) -> tuple[Candidate, ...]:
    """Return rows as candidates, with the golden record of each side."""
    golden: dict[str, Row] = {}
    for entity in ENTITIES.values():
        ids = sorted({row[side] for row in rows if row["entity"] == entity.name for side in ("left_id", "right_id")})
        golden |= _golden_records(lookup, entity, ids)
    return tuple(_candidate(row, golden) for row in rows)


def _golden_records(lookup: Lookup, entity: Entity, ids: Sequence[str]) -> dict[str, Row]:
    if not ids:
        return {}
    table = lookup.table(entity.golden)
    rows = lookup.session.named_rows(f"select * from {table} where {entity.id} in (select unnest(?))", [list(ids)])
    return {row[entity.id]: row for row in rows}


def _candidate(row: Row, golden: Mapping[str, Row]) -> Candidate:
    left, right = (
        Side(
            row[f"{side}_id"], row[f"{side}_type"], row[f"{side}_value"], row[f"{side}_record_count"],
            row[f"{side}_deal_count"], golden.get(row[f"{side}_id"], {}),
        )
        for side in ("left", "right")
    )  # fmt: skip
    return Candidate(
        row["candidate_id"], row["candidate_no"], row["entity"], row["status"], row["score"],
        parts(row["generators"]), parts(row["kpis"]), left, right, row, row["rule"],
    )  # fmt: skip


def parts(text: str | None) -> tuple[str, ...]:
    """Return the items of a list of codes, such as `rare_name, same_company`."""
    return tuple(text.split(", ")) if text else ()


def open_count(lookup: Lookup, own_id: str) -> int:
    """Return how many open candidates an ID has. 0 if an earlier siyu, which had no candidates, built the release."""
    if not lookup.has("candidate", "identity"):
        return 0
    return sum(row["status"] == "open" for row in standing_rows(lookup, own_id))


def _cut_blocks(lookup: Lookup, entity: str | None) -> tuple[Row, ...]:
    """Return how many blocks each generator did not search. Empty if an earlier siyu did not measure it."""
    if not lookup.has("identity_metric", "identity"):
        return ()
    entities = {row["generator"]: row["entity"] for row in lookup.reference("candidate_generators")}
    rows = lookup.session.rows(
        f"select member, cast(value as bigint) from {lookup.table('identity_metric')}"
        " where metric = 'candidate_blocks_cut' and value > 0 order by member"
    )
    return tuple(
        {"generator": generator, "cut_count": cut}
        for generator, cut in rows
        if entity in (None, entities.get(generator))
    )


def is_candidate(text: str) -> bool:
    """Whether a text is the number or the beginning of the ID of a candidate."""
    return bool(NUMBER.fullmatch(text.strip()) or ID.fullmatch(text.strip()))


def candidates_named(lookup: Lookup, texts: Sequence[str], command: str) -> list[Candidate]:
    """Return the candidates of numbers and IDs. Raises WrongQuestion with every text that names none, or several."""
    rows = _rows_named(lookup, [text.strip() for text in texts])
    found: list[Row] = []
    errors: list[SiyuError] = []
    for text in texts:
        fitting = _fitting(rows, text.strip())
        if len(fitting) == 1:
            found += fitting
        else:
            errors.append(_not_one(lookup, text.strip(), fitting, command))
    raise_all(errors)
    numbers = [row["candidate_no"] for row in found]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise WrongQuestion(f"candidate {_listed(twice)} is named twice", command, "name each candidate once.")
    return list(with_golden_records(lookup, found))


def _rows_named(lookup: Lookup, texts: Sequence[str]) -> list[Row]:
    """Return the rows that the numbers and beginnings of IDs can mean: a release may have very many."""
    numbers = [int(text) for text in texts if NUMBER.fullmatch(text)]
    beginnings = [text.lower() for text in texts if ID.fullmatch(text)]
    is_named = "exists (select 1 from (select unnest(?) as b) where starts_with(lower(candidate_id), b))"
    return _rows_where(lookup, f"list_contains(?, candidate_no) or {is_named}", [numbers, beginnings])


def _fitting(rows: Iterable[Row], text: str) -> list[Row]:
    if NUMBER.fullmatch(text):
        return [row for row in rows if row["candidate_no"] == int(text)]
    beginning = text.lower()
    return [row for row in rows if row["candidate_id"].lower().startswith(beginning)] if ID.fullmatch(text) else []


def _not_one(lookup: Lookup, text: str, fitting: Sequence[Row], command: str) -> WrongQuestion:
    where = f"the release {lookup.release.name} of {lookup.release.as_of}"
    if fitting:
        ids = ", ".join(row["candidate_id"] for row in fitting[:5])
        return WrongQuestion(f"{text} is the beginning of several IDs", where, f"write more of it: {ids}.")
    if not is_candidate(text):
        fix = "write the number of a candidate, or its ID (K and 12 hex digits)."
        return WrongQuestion(f"{text!r} is not a candidate", command, fix)
    fix = f"numbers and IDs of candidates hold for one release: {COMMAND} lists those of this one."
    return WrongQuestion(f"there is no candidate {text}", where, fix)


def _listed(numbers: Sequence[int]) -> str:
    return " and ".join(map(str, numbers))
