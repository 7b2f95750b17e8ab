"""`siyu link`, `unlink` and `exclude`: a decision, held against the current release, then written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from siyu.compile.rules import check_rules
from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.lookup import Identifier, Lookup, current_release
from siyu.rules import Rule, append_rule, moment_text
from siyu.settings import Settings


@dataclass(frozen=True)
class Decided:
    """What was written where, and about whom it is."""

    rule: Rule
    path: Path
    sides: tuple[Identifier, ...]

    @property
    def told(self) -> str:
        """For people: what will change, and when."""
        named = [f"{side.text} ({side.one_id or side.status})" for side in self.sides]
        now = self.sides[0].one_id == self.sides[-1].one_id and self.sides[0].one_id is not None
        effect = {
            "link": "they are one already; now they stay so" if now else "they become one",
            "unlink": "they part" if now else "they are not one now; now they stay so",
            "exclude": "it will identify nobody",
        }[self.rule.decision]
        return (
            f"{self.rule.decision} {' and '.join(named)}: {effect}, from the next siyu run on.\nwritten to {self.path}"
        )


def decide(settings: Settings, decision: str, named: Sequence[str], why: str, who: str, moment: datetime) -> Decided:
    """Append a decision about identifiers (or IDs: the identifiers they are made of) of the current release.

    Raises ConfigError, nothing written, where one is unknown, or could not be obeyed; all problems at once.
    """
    with current_release(settings) as lookup:
        sides = _find_all(lookup, named)
        if decision == "link":
            raise_all([_unusable(side) for side in sides if side.status in ("blocked", "invalid")])
        ids = [side.text for side in sides] + [""] * (2 - len(sides))
        rule = Rule(decision, ids[0], ids[1], moment_text(moment), who.strip(), why.strip())
        check_rules([vars(rule)], lookup.types, f"siyu {decision}")
        return Decided(rule, append_rule(settings, lookup.references, rule), tuple(sides))


def _find_all(lookup: Lookup, named: Sequence[str]) -> list[Identifier]:
    found: list[Identifier] = []
    errors: list[SiyuError] = []
    for text in named:
        try:
            found.append(lookup.find(text))
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    return found


def _unusable(side: Identifier) -> ConfigError:
    return ConfigError(
        f"{side.text} is {side.status}, and can be nobody's",
        "identity.identifier",
        "link another identifier of theirs; blocked ones stand in blocked_identifiers.csv, or were excluded.",
    )
