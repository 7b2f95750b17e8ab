"""Remove personal values from text: mobile numbers, mail addresses, and values that engine messages quote."""

from __future__ import annotations

import re

UNREADABLE = re.compile("[\ud800-\udfff]")  # surrogateescape decodes invalid bytes to these


HALF_WIDTH = str.maketrans("０１２３４５６７８９＋－＠．　", "0123456789+-@. ")


MOBILE = re.compile(r"(?<![0-9])((?:(?:00|\+)?86)?[ .-]?1[3-9][0-9])[ .-]?[0-9]{4}[ .-]?([0-9]{4})(?![0-9])")


MAIL = re.compile(r"([0-9A-Za-z])[0-9A-Za-z._%+-]*@([0-9A-Za-z.-]+\.[A-Za-z]{2,})")


LITERAL = re.compile(r"'[^']*'")


def masked(text: str) -> str:
    """Mask the mobile numbers and mail addresses in a text. fn_mask_text() does the same in SQL."""
    plain = UNREADABLE.sub("�", text).translate(HALF_WIDTH)
    return MAIL.sub(r"\1***@\2", MOBILE.sub(r"\1****\2", plain))


def without_values(message: str) -> str:
    """Return an engine's message on one line, with '…' in place of the values that it quotes."""
    plain = " ".join(LITERAL.sub("'…'", message).split())
    return masked("".join(letter if letter.isprintable() else "�" for letter in plain))


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
