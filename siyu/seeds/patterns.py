"""Regular expressions of rule tables: what Python and the engines read alike; models lower them, and the text."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<group>\(\?[a-z]*[:)]?)"
    r"|(?P<repeat>[*+?]|\{(?P<least>[0-9]*)(?:,(?P<most>[0-9]*))?\})(?P<greed>[?+])?",
    re.DOTALL,
)
ESCAPES = re.compile(r"\\[abdfnrstvwx!-/:-@\[-`{-~ ]")
GROUPS = re.compile(r"\(\?([ims]*:|[ims]+\))")
MOST_REPEATS = 1000  # more the engine's regular expressions refuse
SAY_WITHOUT = "say it without: engines know no look-around, no back reference and no named group."


def pattern_problem(pattern: str) -> tuple[str, str] | None:
    """(what is wrong, fix) of a regular expression, or None."""
    for token in TOKENS.finditer(pattern):
        problem = _foreign(token)
        if problem:
            return problem
    try:
        compiled = re.compile(pattern.lower())
    except re.error as error:
        return f"no regular expression: {error}", "mend it; a character that is meant as such stands in []."
    if compiled.search(""):
        return "which finds an empty text, and so everybody", "take the empty part away, such as a | at the end."
    return None


def _foreign(token: re.Match[str]) -> tuple[str, str] | None:
    """What only Python reads so, or reads otherwise once it is in lower case."""
    text = token[0]
    if token["escape"]:
        return _foreign_escape(text)
    if token["set"]:
        inner = [_foreign_escape(item) for item in re.findall(r"\\.", text, re.DOTALL)]
        if r"\b" in re.findall(r"\\.", text) or "[:" in text[1:]:
            return f"with {text}, which engines read differently", "name the characters themselves."
        return next((item for item in inner if item), None)
    if token["group"] and not GROUPS.fullmatch(text):
        return f"with {text}", SAY_WITHOUT
    if token["repeat"]:
        counts = [count for count in (token["least"], token["most"]) if count]
        if token["greed"] == "+" or (token["least"] == "" and token["most"]):
            return f"with {text}, which engines read differently", "write {0,5} for {,5}, and no + after a repetition."
        if any(int(count) > MOST_REPEATS for count in counts):
            return f"with {text}", f"repeat at most {MOST_REPEATS} times."
    return None


def _foreign_escape(text: str) -> tuple[str, str] | None:
    if text[1].isdigit():
        return f"with {text}", SAY_WITHOUT
    if text[1].isupper():
        return f"with {text}, which becomes {text.lower()}", "say it without: the pattern is compared in lower case."
    if not ESCAPES.fullmatch(text):
        return f"with {text}, which engines do not know", "write the character itself."
    return None
