"""`siyu link`, `unlink` and `exclude`: check a decision against the current release, then write it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from siyu.ask.decision_sides import Side, find_sides, pair_problem, wrong
from siyu.ask.decisions_file import MOMENT, TABLE, Rule, append_rules, moment_text
from siyu.ask.known_decisions import decisions_about, excluded_identifiers
from siyu.ask.lookup import Identifier, Lookup, current_release, is_id
from siyu.errors import ConfigError, SiyuError, WrongQuestion, raise_all
from siyu.seeds.decisions import RECORD, check_rules, is_record
from siyu.seeds.references import reference_rows
from siyu.settings import Settings


@dataclass(frozen=True)
class Decided:
    """A decision that has been written: its rules, the file, the identifiers, and what it does not do by itself."""

    rules: tuple[Rule, ...]
    path: Path
    sides: tuple[Identifier, ...]
    warnings: tuple[str, ...]

    @property
    def told(self) -> str:
        """A message for people: what will change, and when."""
        named = [f"{side.text} ({side.one_id or side.status})" for side in self.sides]
        now = self.sides[0].one_id == self.sides[-1].one_id and self.sides[0].one_id is not None
        effect = {
            "link": "they already share one ID and will keep it" if now else "they will share one ID",
            "unlink": "they will be separated" if now else "they are already separate and will stay separate",
            "exclude": "it will no longer identify anybody",
        }[self.rules[0].decision]
        lines = [
            f"{self.rules[0].decision} {' and '.join(named)}: {effect}, as of the next siyu run.",
            *self.warnings,
        ]
        pairs = [" and ".join(filter(None, (rule.left_id, rule.right_id))) for rule in self.rules]
        return "\n".join([*lines, f"written to {self.path}: {'; '.join(pairs)}"])


@dataclass(frozen=True)
class Checked:
    """A decision that can be carried out: the rules to write, the identifiers, and what it does not do by itself."""

    rules: tuple[Rule, ...]
    sides: tuple[Identifier, ...]
    warnings: tuple[str, ...]


def decide(settings: Settings, decision: str, named: Sequence[str], why: str, who: str, moment: datetime) -> Decided:
    """Append a decision about identifiers or records of the current release.

    Two IDs can be linked too. This links their unique identifiers, such as logins. If they have no unique type in
    common, it links the identifiers that the IDs are made of.

    Raises ConfigError with all problems, and writes nothing, if an identifier is unknown or the decision cannot be
    carried out.
    """
    with current_release(settings) as lookup:
        found = checked(lookup, written_rules(lookup), decision, named, why, who, moment)
        path = append_rules(settings, lookup.references, found.rules)
        return Decided(found.rules, path, found.sides, found.warnings)


def written_rules(lookup: Lookup) -> list[dict[str, str]]:
    """Return the lines of the table in force. Raises ConfigError for wrong ones: they would stop the next run."""
    table = lookup.references[TABLE]
    written = reference_rows(table)
    check_rules(written, lookup.types, str(table.path))
    return written


def checked(
    lookup: Lookup, written: Sequence[dict[str, str]], decision: str, named: Sequence[str], why: str, who: str,
    moment: datetime,
) -> Checked:  # fmt: skip
    """Return what a decision would write. `written` are the lines of the table in force. Raises as decide()."""
    sides = _sides(lookup, decision, named)
    pairs, warnings = [tuple(side.text for side in sides)], []
    uniques = _uniques(lookup, sides) if decision == "link" else []
    if uniques and all(side.one_id == text for side, text in zip(sides, named, strict=True)):
        pairs = uniques
    else:
        warnings = [_warning(pair, sides) for pair in uniques if set(pair) != set(pairs[0])]
    rules = [
        Rule(decision, pair[0], pair[1] if len(pair) > 1 else "", moment_text(moment), who.strip(), why.strip())
        for pair in pairs
    ]
    _check_words(decision, rules, lookup)
    known = [row for row in decisions_about(lookup, sides) if _ends(row) == {(s.id_type, s.id_value) for s in sides}]
    warnings += [_replaced(row) for row in known if row["effect"] != "superseded"]
    warnings += [_waiting(row) for row in _not_run(written, sides, known)]
    return Checked(tuple(rules), tuple(sides), tuple(warnings))


def _sides(lookup: Lookup, decision: str, named: Sequence[str]) -> list[Identifier]:
    """Return what a decision names, which may be identifiers, IDs and records. Raises all reasons against it."""
    texts = [text.strip().replace("：", ":", 1) for text in named]
    if not any(map(is_record, texts)) or decision == "exclude":
        sides = _find_all(lookup, named)
        _check(lookup, decision, named, sides)
        return sides
    texts = [lookup.anchor(text).text if is_id(text) else text for text in texts]
    found = find_sides(lookup, texts)
    raise_all([wrong(side, text) for text, side in found.items() if not isinstance(side, Side)])
    one, other = (side for text in texts if isinstance(side := found[text], Side))
    problem = pair_problem(decision, one, other, excluded_identifiers(lookup))
    raise_all([wrong(problem, f"siyu {decision}")] if problem else [])
    return [one.identifier, other.identifier]


def _check(lookup: Lookup, decision: str, named: Sequence[str], sides: Sequence[Identifier]) -> None:
    """Raise all reasons against a decision. A link may use an identifier that a human excluded."""
    errors: list[SiyuError] = []
    if decision == "link":
        bad = [side for side in sides if side.status in ("blocked", "invalid")]
        excluded = excluded_identifiers(lookup) if bad else set()
        errors += [_unusable(side) for side in bad if (side.id_type, side.id_value) not in excluded]
    if decision == "exclude" and is_id(named[0].strip()):
        fix = f"name the identifier that is wrong: siyu explain {named[0]} lists them."
        errors.append(WrongQuestion("an exclusion names an identifier, not a person or company", "siyu exclude", fix))
    if len({(side.id_type, side.id_value) for side in sides}) < len(sides):
        both = " and ".join(side.text for side in sides)
        errors.append(WrongQuestion(f"{both} are the same identifier", f"siyu {decision}", "name two identifiers."))
    raise_all(errors)


def _check_words(decision: str, rules: Sequence[Rule], lookup: Lookup) -> None:
    if not rules[0].reason:
        raise WrongQuestion(
            "no reason is given", f"siyu {decision}", 'add one, such as --why "the phone at the front desk".'
        )
    check_rules([vars(rule) for rule in rules], lookup.types, f"siyu {decision}")


def _ends(row: dict[str, Any]) -> set[tuple[str, str]]:
    sides = [(row[f"{side}_record"], row[f"{side}_type"], row[f"{side}_value"]) for side in ("left", "right")]
    ends = [(RECORD, record) if record else (id_type, value) for record, id_type, value in sides]
    return {end for end in ends if end[0] is not None}


def _replaced(row: dict[str, Any]) -> str:
    return (
        f"earlier decision: {row['decision']} on {row['decided_at']:%Y-%m-%d} by {row['decided_by'] or '?'}"
        f" ({row['effect']})"
    )


def _not_run(
    written: Sequence[dict[str, str]], sides: Sequence[Identifier], known: Sequence[dict[str, Any]]
) -> list[dict[str, str]]:
    """Return the lines of the table about the same identifiers that no published run has applied yet."""
    named = {side.text for side in sides}
    run = {(row["decision"], f"{row['decided_at']:{MOMENT}}") for row in known}
    same = [row for row in written if {row["left_id"].strip(), row["right_id"].strip()} - {""} == named]
    return [row for row in same if (row["decision"].strip().lower(), row["decided_at"].strip()) not in run]


def _waiting(row: dict[str, str]) -> str:
    return f"earlier decision: {row['decision']} on {row['decided_at']} by {row['decided_by']} (not applied yet)"


def _uniques(lookup: Lookup, sides: Sequence[Identifier]) -> list[tuple[str, ...]]:
    """Return pairs of identifiers of the same unique type, one of each side. Separate pairs keep people separate."""
    one, other = sides
    if one.key is None or other.key is None or one.key == other.key or one.entity != other.entity:
        return []
    held = [lookup.unique_identifiers(side) for side in sides]
    return [(left, held[1][id_type]) for id_type, left in held[0].items() if id_type in held[1]]


def _warning(pair: tuple[str, ...], sides: Sequence[Identifier]) -> str:
    people = " ".join(str(side.one_id) for side in sides)
    return f"but {pair[0]} and {pair[1]} stay separate, and so do their owners; to join the owners: siyu link {people}"


def _find_all(lookup: Lookup, named: Sequence[str]) -> list[Identifier]:
    found: list[Identifier] = []
    errors: list[SiyuError] = []
    for text in named:
        if is_record(text.strip()):
            fix = "name the identifier that is wrong: siyu explain shows those of the record."
            errors.append(WrongQuestion("an exclusion names an identifier, not a record", text, fix))
            continue
        try:
            found.append(lookup.find(text))
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    return found


def _unusable(side: Identifier) -> ConfigError:
    return WrongQuestion(
        f"{side.text} is {side.status} and cannot belong to anybody",
        f"siyu explain {side.text}",
        "link another identifier, or remove this one from the list that blocks it.",
    )
