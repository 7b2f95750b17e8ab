"""Placeholders that forms and trackers write for missing values (reference/placeholder_words.csv), as patterns."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from siyu.engines.sql import quoted
from siyu.errors import ConfigError, SiyuError, nearest, raise_all

COLUMNS = ("scope", "word")
ANY = "any"
SCOPES = ("identifier", "company_name", "person_name")
PERSON_NAME = "full_name"  # the column of record shapes
# Latin, Greek, Cyrillic and other alphabets, kana, Hangul, Han.
LETTERS = (
    r"a-zA-Z\x{00C0}-\x{024F}\x{0370}-\x{1FFF}\x{3040}-\x{318F}\x{3400}-\x{9FFF}\x{AC00}-\x{D7AF}\x{F900}-\x{FAFF}"
    r"\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{20000}-\x{323AF}"
)
MAIL = r"^[^ @]+@[^ @]+[.][^ @]+$"
SPECIAL = re.compile(r"[\\.+*?()\[\]{}|^$]")
LONGEST = 128  # characters of an identifier, at most


def scope_of(column: str) -> str:
    """Return the scope of the words for a column of identifiers."""
    return "company_name" if column == "company_name" else "identifier"


@dataclass(frozen=True)
class Placeholders:
    """The words of each scope, in lower case."""

    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def pattern(self, scope: str) -> str:
        """Return a pattern for placeholders, in any letter case. Raises ConfigError for an unknown scope.

        Punctuation and blanks around a word make no difference. An identifier of zeros only is a placeholder, too. So
        are a name without a letter, a word with a number (用户123), and a mail address as the name of a person.
        """
        words = "|".join(SPECIAL.sub(lambda found: "\\" + found[0], word) for word in self._known(scope))
        if scope == "identifier":
            other = f"[^{LETTERS}0-9]*"
            return f"^{other}(?:0[^{LETTERS}1-9]*|(?i:{words}))?{other}$"
        other = f"[^{LETTERS}]*"
        return f"^{other}(?i:{words})?{other}$" + (f"|{MAIL}" if scope == "person_name" else "")

    def placeholder(self, scope: str) -> str:
        """Return the pattern as an SQL literal, for templates."""
        return quoted(self.pattern(scope))

    def condition(self, scope: str, column: str) -> str:
        """Return the SQL condition that a column holds a placeholder."""
        return f"regexp_matches({column}, {self.placeholder(scope)})"

    def name_sql(self, column: str) -> str:
        """Return the SQL of a person's name without outer blanks; NULL if it is a placeholder."""
        return f"case when not {self.condition('person_name', column)} then fn_trim({column}) end"

    def fit(self, scope: str, valid_regex: str) -> bool:
        """Return whether a placeholder may match the pattern of a type. None matches that of a mobile or a unionid."""
        valid = re.compile(valid_regex)
        spelled = [spelling for word in self._known(scope) for spelling in (word, word.upper(), word.capitalize())]
        return any(valid.search(text) for text in (*spelled, *("0" * size for size in range(1, LONGEST + 1))))

    def _known(self, scope: str) -> list[str]:
        if scope not in SCOPES:
            raise ConfigError(f"unknown scope {scope!r}", "", nearest(scope, SCOPES))
        return sorted({*self.words.get(ANY, ()), *self.words.get(scope, ())})


def load_placeholders(
    rows: Sequence[Mapping[str, str]], where: str, place: Callable[[int], str] | None = None
) -> Placeholders:
    """Read the rows of placeholder_words.csv. Raises ConfigError with every problem. `place`: as in table_errors."""
    edited = place or (lambda number: f"{where}, row {number}")
    found: dict[str, list[str]] = defaultdict(list)
    errors: list[SiyuError] = []
    for number, row in enumerate(rows, start=2):
        scope, word = row["scope"].strip(), row["word"].strip().lower()
        if scope not in (ANY, *SCOPES):
            fix = nearest(scope, (ANY, *SCOPES))
            errors.append(ConfigError(f"unknown scope {scope!r}", edited(number), fix))
        if not word:
            errors.append(ConfigError("the word is empty", edited(number), "write one, or remove the row."))
        found[scope].append(word)
    raise_all(errors)
    return Placeholders({scope: tuple(words) for scope, words in found.items()})
