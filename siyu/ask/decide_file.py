"""`siyu link --file` and `unlink --file`: many decisions, checked together and written at once."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siyu.ask.decision_sides import Problem, Side, find_sides, pair_problem, share_an_id, wrong
from siyu.ask.decisions_file import TABLE, Rule, append_rules, moment_text
from siyu.ask.known_decisions import excluded_identifiers
from siyu.ask.lookup import current_release, is_id
from siyu.errors import SiyuError, WrongQuestion, raise_all
from siyu.seeds.decisions import check_rules
from siyu.seeds.references import reference_rows
from siyu.settings import Settings

SIDES = ("left", "right")
OPTIONAL = ("why", "by")
Ends = frozenset[tuple[str, str]]  # type and value of what a decision names, in its normal form


@dataclass(frozen=True)
class DecidedFile:
    """Decisions of a file that were written, and how many pairs of it were not new."""

    decision: str
    file: Path
    rules: tuple[Rule, ...]
    already_decided: int
    repeated: int
    already_one: int
    path: Path | None

    @property
    def told(self) -> str:
        """A message for people: what was written, and when it takes effect."""
        old = [
            f"{count:,} {what}"
            for count, what in ((self.already_decided, "already decided so"), (self.repeated, "repeated"))
            if count
        ]
        lines = [f"{self.decision} {len(self.rules):,} pairs of {self.file}" + (f"; {', '.join(old)}" if old else "")]
        if self.path is None:
            return f"{lines[0]}: nothing was written."
        lines[0] += ", as of the next siyu run."
        if self.already_one:
            then = "will keep it" if self.decision == "link" else "will be separated"
            lines.append(f"{self.already_one:,} of them share one ID today and {then}.")
        return "\n".join([*lines, f"written to {self.path}"])


def decide_file(
    settings: Settings, decision: str, file: Path, why: str | None, who: str, moment: datetime
) -> DecidedFile:
    """Append the decisions of a CSV file with the columns left and right, and why and by where they differ.

    A side is a record or an identifier. Pairs that were already decided so are counted and not written again. Raises
    ConfigError with the problems of all rows, and writes nothing, if any row is wrong.
    """
    rows = _read(file)
    with current_release(settings) as lookup:
        table = lookup.references[TABLE]  # a wrong line would stop the next run
        written = reference_rows(table)
        check_rules(written, lookup.types, str(table.path))
        texts = {row[side] for row in rows for side in SIDES} | {text for row in written for text in _texts(row)}
        sides = find_sides(lookup, texts - {""})
        pairs = _checked(decision, rows, sides, excluded_identifiers(lookup), str(file))
        rules = [
            Rule(decision, one.text, other.text, moment_text(moment), row["by"] or who.strip(), row["why"] or why or "")
            for row, (one, other) in zip(rows, pairs, strict=True)
        ]
        check_rules([vars(rule) for rule in rules], lookup.types, str(file))
        before, new = _standing(written, sides), dict[Ends, tuple[Rule, bool]]()
        for rule, pair in zip(rules, pairs, strict=True):
            new.setdefault(frozenset((side.id_type, side.id_value) for side in pair), (rule, share_an_id(*pair)))
        chosen = {ends: found for ends, found in new.items() if before.get(ends) != decision}
        fresh = [rule for rule, _ in chosen.values()]
        already_one = sum(is_one for _, is_one in chosen.values())
        path = append_rules(settings, lookup.references, fresh) if fresh else None
    counts = (len(new) - len(fresh), len(rules) - len(new), already_one)
    return DecidedFile(decision, file, tuple(fresh), *counts, path)


def _read(file: Path) -> list[dict[str, str]]:
    """Return the rows of the file, trimmed. Raises WrongQuestion if it is no CSV file with the columns."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            header = [(name or "").strip().lower() for name in reader.fieldnames or []]
            reader.fieldnames = header
            found = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fix = "write a CSV file in UTF-8 with the columns left and right, and optionally why and by."
        raise WrongQuestion(f"the file cannot be read: {error}", str(file), fix) from error
    missing = [name for name in SIDES if name not in header]
    unknown = [name for name in header if name not in (*SIDES, *OPTIONAL)]
    if missing or unknown or not found:
        problem = f"missing columns: {', '.join(missing)}" if missing else "no rows"
        problem = f"unknown columns: {', '.join(map(repr, unknown))}" if unknown and not missing else problem
        fix = "the columns are left and right, and optionally why and by; each row is a pair."
        raise WrongQuestion(problem, str(file), fix)
    return [{name: (row.get(name) or "").strip() for name in (*SIDES, *OPTIONAL)} for row in found]


def _checked(
    decision: str,
    rows: Sequence[Mapping[str, str]],
    sides: Mapping[str, Side | Problem],
    excluded: set[tuple[str, str]],
    where: str,
) -> list[tuple[Side, Side]]:
    """Return the two sides of each row. Raises every problem with the number of its row; the first is row 2."""
    errors: list[SiyuError] = []
    pairs = []
    for number, row in enumerate(rows, start=2):
        place = f"{where}, row {number}"
        found: list[Side] = []
        for name in SIDES:
            side = sides.get(row[name]) or (f"{name} is empty", "write a record or an identifier.")
            if is_id(row[name]):
                side = (f"{row[name]} is an ID", "name a record or an identifier; siyu link joins two IDs.")
            if isinstance(side, Side):
                found.append(side)
            else:
                errors.append(wrong(side, place))
        if len(found) == len(SIDES):
            pairs.append((found[0], found[1]))
            if problem := pair_problem(decision, found[0], found[1], excluded):
                errors.append(wrong(problem, place))
    raise_all(errors)
    return pairs


def _standing(written: Sequence[Mapping[str, str]], sides: Mapping[str, Side | Problem]) -> dict[Ends, str]:
    """Return pair -> decision in force by the table. A link is none after an exclusion of one of its identifiers."""
    found: dict[Ends, tuple[str, str]] = {}
    excluded: dict[tuple[str, str], str] = {}
    for row in written:
        moment = datetime.fromisoformat(row["decided_at"].strip()).replace(tzinfo=None).isoformat(sep=" ")
        ends, decision = _ends(row, sides), row["decision"].strip().lower()
        if decision == "exclude":
            excluded |= {end: max(moment, excluded.get(end, "")) for end in ends}
        else:
            found[ends] = max((moment, decision), found.get(ends, ("", "")))
    return {
        ends: decision
        for ends, (moment, decision) in found.items()
        if decision != "link" or all(excluded.get(end, "") < moment for end in ends)
    }


def _texts(row: Mapping[str, str]) -> list[str]:
    return [text for text in (row["left_id"].strip(), row["right_id"].strip()) if text]


def _ends(row: Mapping[str, str], sides: Mapping[str, Side | Problem]) -> Ends:
    """Return what a line names. What the release does not know stays as it is written."""
    named = ((sides[text], text.partition(":")) for text in _texts(row))
    return frozenset(
        (side.id_type, side.id_value) if isinstance(side, Side) else (parts[0], parts[2]) for side, parts in named
    )
