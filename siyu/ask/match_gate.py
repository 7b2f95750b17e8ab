"""How many pairs of an outside matcher are right, by what humans know: labels and decisions about candidates.

Labels (reference/identity_labels.csv) judge a pair if records of both sides are labelled. The person that most labelled
records of a side name is its owner.

Decisions (reference/candidate_decisions.csv) need care: pairs that humans accepted are one person by now, so of the
pairs of a release only the refused ones would remain, and every matcher would look bad. The matcher therefore scores
the two records that were decided about, of accepted and of refused pairs alike, and those count that it would propose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from siyu.ask.lookup import Lookup
from siyu.ask.match_rows import Field, Kind, insert, records_of_companies, records_of_people
from siyu.ask.splink_model import PAIRS
from siyu.errors import ConfigError

SIDES = "match_side"  # pair_no, key, fields
LEAST_JUDGED, LEAST_PRECISION = 50, 0.8
DEVIATIONS = 1.96  # 95 %


@dataclass(frozen=True)
class Judged:
    """Pairs that a matcher proposes and that humans know about; `missed` are right pairs that it does not propose.

    `is_part`: they are also part of other figures.
    """

    source: str
    right: int
    wrong: int
    missed: int
    is_part: bool = False

    @property
    def count(self) -> int:
        """The number of proposed pairs that are known to be right or wrong."""
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        """The share of them that is right; None without any."""
        return self.right / self.count if self.count else None

    @property
    def told(self) -> str:
        """The figures as a line of text, with the interval in which the precision lies in 95 of 100 cases."""
        if self.precision is None:
            return f"{self.source}: no judged pair"
        low, high = interval(self.right, self.count)
        return (
            f"{self.source}: {self.right} of {self.count} proposed pairs are right, precision {self.precision:.3f}"
            f" (95 %: {low:.3f} to {high:.3f}); {self.missed} right pairs are not proposed"
        )


def interval(right: int, count: int) -> tuple[float, float]:
    """Return the interval of a share (Wilson 1927)."""
    share, z2 = right / count, DEVIATIONS**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = DEVIATIONS * sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return middle - half, middle + half


def together(judged: Sequence[Judged]) -> Judged:
    """Return the sum of several."""
    whole = [one for one in judged if not one.is_part]
    return Judged("together", *(sum(getattr(one, name) for one in whole) for name in ("right", "wrong", "missed")))


def check(judged: Sequence[Judged]) -> None:
    """Raise ConfigError unless enough pairs are judged and enough of them are right."""
    every = together(judged)
    figures = "; ".join(one.told for one in judged)
    if every.count < LEAST_JUDGED:
        problem = f"only {every.count} pairs of the matcher are judged, {LEAST_JUDGED} are needed"
        fix = "label records in identity_labels.csv, or decide about candidates; --force writes the pairs anyway."
    elif every.precision is not None and every.precision < LEAST_PRECISION:
        problem = f"the precision of the matcher is {every.precision:.3f}, {LEAST_PRECISION} is needed"
        fix = "raise --min-probability; --force writes the pairs anyway."
    else:
        return
    raise NotWritten(problem, figures, fix)


class NotWritten(ConfigError):
    """The pairs of a matcher are not good enough, or nobody knows how good they are."""

    untouched = "Neither the model nor a pair was written."


def by_labels(lookup: Lookup) -> tuple[Judged, Judged]:
    """Judge the table of pairs of people by labelled records: all, and those that siyu does not propose by itself."""
    rows = [
        (row["channel"], row["record_id"].partition("#")[0], row["person"])
        for row in lookup.reference("identity_labels")
        if not row.get("sample")  # labels that siyu wrote of a decision; by_decisions counts them
    ]
    insert(lookup.session, "match_label", ("channel", "record_id", "person"), rows)
    known = f"""
    with counted as (
        select r.person_key as key, l.person, count(*) as records
        from match_label as l
        join {lookup.table("record_person")} as r
            on l.channel = r.channel and l.record_id = split_part(r.record_id, '#', 1)
        where r.person_key is not null
        group by r.person_key, l.person
    ), owner as (
        select key, person from counted
        qualify row_number() over (partition by key order by records desc, person) = 1
    ), candidates as (
        select a.person_key as one, b.person_key as other from {lookup.table("candidate")} as c
        join {lookup.table("person")} as a on c.left_id = a.one_id
        join {lookup.table("person")} as b on c.right_id = b.one_id
        where c.generators <> 'person_matcher'
    ), proposed as (
        select a.person = b.person as is_right, c.one is null as is_new from {PAIRS} as p
        join owner as a on p.left_key = a.key
        join owner as b on p.right_key = b.key
        left join candidates as c
            on p.left_key = least(c.one, c.other) and p.right_key = greatest(c.one, c.other)
    ), same as (
        select cast(sum(size * (size - 1) // 2) as bigint) as pairs
        from (select count(*) as size from owner group by person) as sizes
    )
    select count(*) filter (where is_right), count(*) filter (where not is_right),
        count(*) filter (where is_right and is_new), count(*) filter (where not is_right and is_new),
        coalesce((select pairs from same), 0) from proposed"""
    right, wrong, new, wrong_new, same = lookup.session.rows(known)[0]
    name = "labels, of pairs that are no candidates of siyu"
    return Judged("labels", right, wrong, same - right), Judged(name, new, wrong_new, same - right, is_part=True)


def decided_pairs(lookup: Lookup, kind: Kind) -> list[tuple[str, str, str]]:
    """Return (left_record, right_record, verdict) of the latest verdict accept or refuse about each pair of records."""
    latest: dict[frozenset[str], tuple[str, str]] = {}
    for row in lookup.reference("candidate_decisions"):
        ends = frozenset((row["left_record"], row["right_record"]))
        if row["entity"] == kind and len(ends) == 2 and "" not in ends:
            latest[ends] = max(latest.get(ends, ("", "")), (row["decided_at"], row["verdict"]))
    found = [(*sorted(ends), verdict) for ends, (_, verdict) in latest.items() if verdict in ("accept", "refuse")]
    return sorted((left, right, verdict) for left, right, verdict in found)


def write_sides(lookup: Lookup, kind: Kind, pairs: Sequence[tuple[str, str, str]], own: Sequence[Field]) -> None:
    """Write the table SIDES: the two records of each decided pair, as rows of people or companies."""
    numbered = [
        (str(number), str(2 * number + side), record)
        for number, pair in enumerate(pairs)
        for side, record in enumerate(pair[:2])
    ]
    insert(lookup.session, "match_decided", ("pair_no", "key", "record"), numbered)
    rows = records_of_people(lookup, own) if kind == "person" else records_of_companies(lookup)
    lookup.session.execute(
        f"create or replace table {SIDES} as select cast(d.pair_no as bigint) as pair_no, cast(d.key as bigint) as key,"
        f" r.* exclude (record) from match_decided as d join ({rows}) as r on d.record = r.record order by key"
    )


def by_decisions(pairs: Sequence[tuple[str, str, str]], scores: Sequence[tuple[int, float]], least: float) -> Judged:
    """Judge a matcher by its scores of decided pairs."""
    known = [(pairs[number][2] == "accept", score >= least) for number, score in scores]
    return Judged(
        "decisions",
        sum(is_accepted and is_proposed for is_accepted, is_proposed in known),
        sum(not is_accepted and is_proposed for is_accepted, is_proposed in known),
        sum(is_accepted and not is_proposed for is_accepted, is_proposed in known),
    )
