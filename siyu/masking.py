"""Remove personal values from text: mobiles, mail addresses, WeChat IDs, and values that engine messages quote."""

from __future__ import annotations

import re

UNREADABLE = re.compile("[\ud800-\udfff]")  # surrogateescape decodes invalid bytes to these


# Full-width forms of what identifiers consist of, and their half-width forms in the same order. Punctuation of Chinese
# texts is not among them.
_ALPHANUMERIC = (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), *map(ord, "+-@._%"))
WIDE = "".join(chr(letter + 0xFEE0) for letter in _ALPHANUMERIC) + "\u3000"
NARROW = "".join(map(chr, _ALPHANUMERIC)) + " "
HALF_WIDTH = str.maketrans(WIDE, NARROW)


# The patterns below mean the same to Python and to the engine. What may separate the digits of a number: blanks of
# several widths, dots, dashes of several lengths, and %20.
BETWEEN = "(?:[ .\u00a0\u202f\u2010-\u2015\u2212-]|%20)?"
PHONE = rf"((?:(?:00|\+)?86)?{BETWEEN}1[3-9][0-9]){BETWEEN}[0-9]{{4}}{BETWEEN}([0-9]{{4}})"
# In links, %40 is @, a link in a link has %2540, and the digits of %22 (a quote) do not belong to a number.
ESCAPED = "%[0-9A-Fa-f]{2}"
MAIL_ADDRESS = r"([0-9A-Za-z])[0-9A-Za-z._%+-]*(@|%(?:25)*40)([0-9A-Za-z.-]+\.[A-Za-z]{2,})"
TOKEN = "[0-9A-Za-z_-]"


def _with_capital(shortest: int, longest: int) -> str:
    """Return a pattern of tokens with a capital letter. Names in lower case are no identifiers of WeChat."""
    rests = ((before, max(shortest - before - 1, 0), longest - before - 1) for before in range(longest))
    ways = (f"[0-9a-z_-]{{{before}}}[A-Z]{TOKEN}{{{least},{most}}}" for before, least, most in rests)
    return f"(?:{'|'.join(ways)})"


# unionid and openid: 'o' and 27 characters. external_userid: 'wm' or 'wo' and 30 characters, in some systems fewer.
WECHAT_ID = f"(?:(o){_with_capital(27, 27)}|(w[mo]){_with_capital(22, 30)})"

# What a column without a mark must not have, in text that is not folded yet. Stricter than the masks: digits between
# the letters of a hash are no mobile. Columns are searched with SEEN, which is cheap and finds too much; what it finds
# is looked at with the other three.
_DIGIT, _LETTER = "[0-9\uff10-\uff19]", "0-9A-Za-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
_NO_HEX = "[^0-9a-f\uff10-\uff19]"
_PREFIX = "(?:(?:00|[+\uff0b])?[8\uff18][6\uff16])?"
_NUMBER = f"{_PREFIX}{BETWEEN}[1\uff11][3-9\uff13-\uff19]{_DIGIT}{BETWEEN}{_DIGIT}{{4}}{BETWEEN}{_DIGIT}{{4}}"
# K and twelve hex digits are a candidate, whichever of the digits are letters: nothing but a number may follow a K.
_NO_ID = "[^0-9a-fK\uff10-\uff19]"
LOOKS_MOBILE = f"(?:(?:(?:^|{_NO_ID})[a-f]{{0,2}}|{ESCAPED}){_NUMBER}[a-f]{{0,2}}|K{_NUMBER})(?:$|{_NO_HEX})"
LOOKS_MAIL = (
    f"[{_LETTER}][{_LETTER}._%+\uff0e\uff3f-]*(?:[@\uff20]|%(?:25)*40)[{_LETTER}.\uff0e-]+[.\uff0e]"
    "[A-Za-z\uff21-\uff3a\uff41-\uff5a]{2,}"
)
_BEFORE = f"(?:^|[^0-9A-Za-z]|{ESCAPED})"
LOOKS_WECHAT = f"{_BEFORE}{WECHAT_ID}(?:$|[^0-9A-Za-z])"
SEEN = f"{LOOKS_MOBILE}|{LOOKS_MAIL}|{_BEFORE}(?:o|w[mo]){TOKEN}{{22}}"

MOBILE = re.compile(f"(?:(?<![0-9])|(?<={ESCAPED})){PHONE}(?![0-9])")
MAIL = re.compile(MAIL_ADDRESS)
WECHAT = re.compile(f"(?:(?<![0-9A-Za-z])|(?<={ESCAPED})){WECHAT_ID}(?![0-9A-Za-z])")


LITERAL = re.compile(r"'[^']*'")


# Errors about the data quote a value in double quotes, sometimes with quotes in it, or after "with value".
OF_DATA = re.compile(r"(Conversion|Invalid Input|Out of Range|Constraint) Error: ")
IN_QUOTES = re.compile(r'".*"')
BARE_VALUE = re.compile(r"(with value) .* (can't|cannot)")
BY_FORMAT = " according to format specifier "
SQL_EXCERPT = re.compile(r"^LINE [0-9]+: .*", re.MULTILINE | re.DOTALL)


def masked(text: str) -> str:
    """Mask the mobile numbers, mail addresses and WeChat IDs in a text. fn_mask_text() does the same in SQL."""
    plain = UNREADABLE.sub("�", text).translate(HALF_WIDTH)
    plain = MOBILE.sub(r"\1****\2", plain)
    for _ in range(2):  # the domain of a@b.cn@c.cn may be the name of another address
        plain = MAIL.sub(r"\1***\2\3", plain)
    return WECHAT.sub(r"\1\2***", plain)


def without_values(message: str) -> str:
    """Return an engine's message on one line, with … in place of the values that it quotes."""
    if OF_DATA.search(message):
        message = _without_data(message)
    plain = " ".join(LITERAL.sub("'…'", message).split())
    return masked("".join(letter if letter.isprintable() else "�" for letter in plain))


def _without_data(message: str) -> str:
    """Return the line of an error about data without its value, and the excerpt of the SQL. The lines between them
    repeat the value."""
    line = next(line for line in message.splitlines() if OF_DATA.search(line))
    told, by_format, formats = line.partition(BY_FORMAT)
    excerpt = SQL_EXCERPT.search(message)
    told = BARE_VALUE.sub(r"\1 … \2", IN_QUOTES.sub('"…"', told))
    return "\n".join([told + by_format + formats, *([excerpt[0]] if excerpt else [])])


def first_line(error: Exception) -> str:
    """Return the first line of an error message, without the values that it quotes."""
    return without_values(str(getattr(error, "problem", error)).splitlines()[0])


# Characters that change how other text is shown: control characters, ESC among them, and marks of direction.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LINE_BREAKS = re.compile("[\t\n\u2028\u2029]+")


def printable(text: str) -> str:
    """Return a text without control characters. Line breaks and tabs stay."""
    return UNREADABLE.sub("�", CONTROL.sub("", text))


def one_line(text: str) -> str:
    """Return a text on one line, without control characters, so that a name cannot look like several lines."""
    return LINE_BREAKS.sub(" ", printable(text))
