"""Text without personal values: mobiles and mail addresses masked, engine messages without what they quote."""

from __future__ import annotations

import re

UNREADABLE = re.compile("[\ud800-\udfff]")  # what surrogateescape makes of bytes that are not in the encoding


HALF_WIDTH = str.maketrans("０１２３４５６７８９＋－＠．　", "0123456789+-@. ")


MOBILE = re.compile(r"(?<![0-9])((?:(?:00|\+)?86)?[ .-]?1[3-9][0-9])[ .-]?[0-9]{4}[ .-]?([0-9]{4})(?![0-9])")


MAIL = re.compile(r"([0-9A-Za-z])[0-9A-Za-z._%+-]*@([0-9A-Za-z.-]+\.[A-Za-z]{2,})")


LITERAL = re.compile(r"'[^']*'")


def masked(text: str) -> str:
    """A message without mobiles and mail addresses, as fn_mask_text() masks them in SQL."""
    plain = UNREADABLE.sub("�", text).translate(HALF_WIDTH)
    return MAIL.sub(r"\1***@\2", MOBILE.sub(r"\1****\2", plain))


def without_values(message: str) -> str:
    """An engine's message in one line, without the values that it quotes."""
    plain = " ".join(LITERAL.sub("'…'", message).split())
    return masked("".join(letter if letter.isprintable() else "�" for letter in plain))


def first_line(error: Exception) -> str:
    """The first line of an engine's message, which may quote a value."""
    return without_values(str(getattr(error, "problem", error)).splitlines()[0])
