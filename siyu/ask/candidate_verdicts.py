"""What a steward says about candidates: accept, refuse or unsure. Writes the decisions, the verdicts and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siyu.ask.candidate_labels import NEEDED, labels_of, write_labels
from siyu.ask.candidate_labels import TABLE as LABELS
from siyu.ask.candidate_records import records_of
from siyu.ask.candidates import Candidate, candidates_named
from siyu.ask.decide import Checked, checked, written_rules
from siyu.ask.decisions_file import TABLE as RULES
from siyu.ask.decisions_file import EditedTable, append_rows, moment_text, open_table
from siyu.ask.lookup import Lookup, current_release
from siyu.errors import ConfigError, SiyuError, WrongQuestion, raise_all
from siyu.seeds.candidate_tables import CANDIDATE_TABLES, COLUMNS, TABLE
from siyu.seeds.decisions import COLUMNS as RULE_COLUMNS
from siyu.seeds.table_checks import errors_of
from siyu.settings import Settings

DECISIONS = {"accept": "link", "refuse": "unlink"}
TOLD = {
    "accept": "they are the same 同一: they will share one ID, as of the next siyu run",
    "refuse": "they are not the same 不同: they stay separate, and will not be proposed again",
    "unsure": "unsure 存疑: noted, for somebody else to look at",
}


@dataclass(frozen=True)
class Verdict:
    """What somebody says about a candidate, named by number or ID. Without `why`, what speaks for it is the reason.

    `place` is where it is written, for errors.
    """

    named: str
    verdict: str
    why: str = ""
    place: str = ""


@dataclass(frozen=True)
class _Ruled:
    """A verdict that can be written."""

    candidate: Candidate
    verdict: str
    decision: Checked | None
    records: tuple[str, str]


@dataclass(frozen=True)
class Written:
    """What was written: a line for each candidate, and the files."""

    lines: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def told(self) -> str:
        """A message for people."""
        return "\n".join([*self.lines, *(f"written to {path}" for path in self.paths)])


def give_verdicts(
    settings: Settings, verdicts: Sequence[Verdict], command: str, who: str, moment: datetime, is_again: bool = False
) -> Written:
    """Write verdicts on candidates of the current release.

    Raises ConfigError with all problems, and writes nothing, if a candidate is unknown, or if it was decided since and
    this is not to replace that (`is_again`).
    """
    with current_release(settings) as lookup:
        written = written_rules(lookup)
        _check_table(lookup)
        candidates = candidates_named(lookup, [verdict.named for verdict in verdicts], command)
        ruled: list[_Ruled] = []
        errors: list[SiyuError] = []
        for verdict, candidate in zip(verdicts, candidates, strict=True):
            try:
                if candidate.rule is not None and not (is_again and verdict.verdict in DECISIONS):
                    raise _decided_already(candidate, verdict.place or command)
                ruled.append(_ruled(lookup, written, verdict, candidate, who, moment))
            except ConfigError as error:
                errors.append(error)
        raise_all(errors)
        return _write(settings, lookup, ruled, who, moment)


def _check_table(lookup: Lookup) -> None:
    """Raise ConfigError for wrong rows of candidate_decisions.csv, which would stop the next run."""
    if set(COLUMNS[TABLE]) <= set(lookup.references[TABLE].columns):
        raise_all(errors_of(lookup.references, CANDIDATE_TABLES, lookup.types))


def _decided_already(candidate: Candidate, where: str) -> WrongQuestion:
    rule = candidate.rule or {}
    when = f"{rule['decision']}, {rule['decided_at']} by {rule['decided_by']}"
    fix = "it takes effect with the next siyu run; siyu link or siyu unlink with --again replaces it."
    what = f"candidate {candidate.number} ({candidate.candidate_id}) was decided since the release: {when}"
    return WrongQuestion(what, where, fix)


def _ruled(
    lookup: Lookup,
    written: Sequence[dict[str, str]],
    verdict: Verdict,
    candidate: Candidate,
    who: str,
    moment: datetime,
) -> _Ruled:
    if verdict.verdict not in DECISIONS:
        return _Ruled(candidate, verdict.verdict, None, records_of(lookup, candidate))
    left, right = candidate.sides
    is_whole = verdict.verdict == "accept" and not candidate.is_one
    named = [left.id, right.id] if is_whole else [left.text, right.text]
    why = verdict.why.strip() or _reason(candidate)
    found = checked(lookup, written, DECISIONS[verdict.verdict], named, why, who, moment)
    return _Ruled(candidate, verdict.verdict, found, records_of(lookup, candidate))


def _reason(candidate: Candidate) -> str:
    """Return who found the candidate and what speaks for it, without values of people."""
    found = candidate.told["found_for"]
    told = f"candidate {candidate.candidate_id}, {candidate.score:.3f}, by {' and '.join(candidate.generators)}"
    return f"{told}: {found}" if found else told


def _write(settings: Settings, lookup: Lookup, ruled: Sequence[_Ruled], who: str, moment: datetime) -> Written:
    """Write the decisions first: they count. All files are looked at before the first is written."""
    rules = [rule for one in ruled if one.decision for rule in one.decision.rules]
    labels = {
        one.candidate.candidate_id: labels_of(one.candidate.candidate_id, one.verdict, one.records)
        for one in ruled
        if one.candidate.entity == "person" and one.verdict in DECISIONS
    }

    def table(name: str, columns: Sequence[str]) -> EditedTable:
        return open_table(settings, lookup.references, name, columns)

    verdict_table = table(TABLE, COLUMNS[TABLE])
    rule_table = table(RULES, RULE_COLUMNS) if rules else None
    label_table = table(LABELS, NEEDED) if labels else None
    paths = []
    if rule_table is not None:
        paths.append(append_rows(rule_table, [vars(rule) for rule in rules]))
    paths.append(append_rows(verdict_table, [_row(one, who, moment) for one in ruled]))
    if label_table is not None:
        write_labels(label_table, labels)
        paths.append(label_table.path)
    return Written(tuple(line for one in ruled for line in _lines(one)), tuple(paths))


def _row(one: _Ruled, who: str, moment: datetime) -> dict[str, str]:
    candidate = one.candidate
    values = (
        candidate.candidate_id, candidate.entity, one.verdict, f"{candidate.score:.3f}",
        ", ".join(candidate.generators), candidate.left.text, candidate.right.text, *one.records,
        moment_text(moment), who.strip(),
    )  # fmt: skip
    return dict(zip(COLUMNS[TABLE], values, strict=True))


def _lines(one: _Ruled) -> list[str]:
    candidate = one.candidate
    names = [side.golden.get("full_name") or side.golden.get("company_name") or side.text for side in candidate.sides]
    if names[0] == names[1]:
        names = [f"{name} ({side.text})" for name, side in zip(names, candidate.sides, strict=True)]
    line = f"candidate {candidate.number} ({candidate.candidate_id}), {' and '.join(names)}: {TOLD[one.verdict]}"
    return [line, *(f"  {warning}" for warning in (one.decision.warnings if one.decision else ()))]
