"""Regular expressions in rule tables. Only syntax that Python and the engines read alike is allowed.

Models convert both the pattern and the text to lower case before they compare.
"""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<group>\(\?[a-z]*[:)]?)"
    r"|(?P<repeat>[*+?]|\{(?P<least>[0-9]*)(?:,(?P<most>[0-9]*))?\})(?P<greed>[?+])?",
    re.DOTALL,
)
ESCAPES = re.compile(r"\\[abdfnrstvwx!-/:-@\[-`{-~ ]")
GROUPS = re.compile(r"\(\?([ims]*:|[ims]+\))")
MOST_REPEATS = 1000  # the engine's regular expressions reject more
REWRITE = "rewrite it without: engines do not support look-around, back references and named groups."


def pattern_problem(pattern: str) -> tuple[str, str] | None:
    """Return (problem, fix) for a regular expression, or None if it is valid."""
    for token in TOKENS.finditer(pattern):
        problem = _unsupported(token)
        if problem:
            return problem
    try:
        compiled = re.compile(pattern.lower())
    except re.error as error:
        return f"which is not a regular expression: {error}", "correct it; put a special character in [] to match it."
    if compiled.search(""):
        return "which matches an empty text, and so everybody", "remove the empty part, such as a | at the end."
    return None


def _unsupported(token: re.Match[str]) -> tuple[str, str] | None:
    """Return (problem, fix) for syntax that engines read differently, or that lower case changes."""
    text = token[0]
    if token["escape"]:
        return _unsupported_escape(text)
    if token["set"]:
        inner = [_unsupported_escape(item) for item in re.findall(r"\\.", text, re.DOTALL)]
        if r"\b" in re.findall(r"\\.", text) or "[:" in text[1:]:
            return f"which contains {text}: engines read it differently", "list the characters themselves."
        return next((item for item in inner if item), None)
    if token["group"] and not GROUPS.fullmatch(text):
        return f"which contains {text}", REWRITE
    if token["repeat"]:
        counts = [count for count in (token["least"], token["most"]) if count]
        if token["greed"] == "+" or (token["least"] == "" and token["most"]):
            fix = "write {0,5} instead of {,5}, and no + after a repetition."
            return f"which contains {text}: engines read it differently", fix
        if any(int(count) > MOST_REPEATS for count in counts):
            return f"which contains {text}", f"repeat at most {MOST_REPEATS} times."
    return None


def _unsupported_escape(text: str) -> tuple[str, str] | None:
    if text[1].isdigit():
        return f"which contains {text}", REWRITE
    if text[1].isupper():
        return f"which contains {text}, in lower case {text.lower()}", "rewrite it without: patterns are in lower case."
    if not ESCAPES.fullmatch(text):
        return f"which contains {text}: engines do not support it", "write the character itself."
    return None
