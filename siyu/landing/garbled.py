"""Find garbled text (乱码): text that a program read in a wrong encoding and wrote again, as Excel does.

No history is needed. A text counts only if it is almost certainly garbled: read back in the right encoding, it is
Chinese. Names in other languages, emoji and names of files never are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection

from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted

AS_CP1252, AS_GBK = "UTF-8 read as cp1252", "UTF-8 read as GBK"
GBK_AS_LATIN, LOST = "GBK read as latin-1", "lost characters"
CLEAN = "other"
LEAST = 2  # different Chinese characters that a garbled text must contain
MOST = 50_000  # rows of a landing; of more that are garbled, so many are counted
HAN = re.compile("[\u4e00-\u9fff]")

# cp1252 as browsers and Excel use it: the five bytes that it does not define stand for themselves, as in latin-1.
LATIN = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0x100)}
BYTES = {ord(letter): chr(byte) for byte, letter in LATIN.items()}
WESTERN = re.compile(f"[\\x00-\xff{''.join(LATIN.values())}]+")
DOUBLE = re.compile("[^\\x00-\\x7f\ufffd]+")  # text of double bytes
PAIRS = re.compile("(?:[\xb0-\xd7][\xa1-\xfe])+")  # characters of level 1 in GB2312, the 3,755 common ones
BETWEEN = re.compile("[\\x00-\\x7f]+")
ASCII_LETTER, ACCENTED = re.compile("[A-Za-z]"), re.compile("[\xc0-\xd6\xd8-\xf6\xf8-\xff]")
CAPITALS = re.compile("[\xc0-\xd6\xd8-\xde]+")
REPLACED = re.compile("锟斤|ï¿½")  # U+FFFD, read as GBK or as cp1252


def _double(leads: range, trails: range) -> str:
    found = (bytes((lead, trail)).decode("gb18030", "ignore") for lead in leads for trail in trails)
    return "".join(sorted(letter for letter in found if len(letter) == 1))


# UTF-8 writes a Chinese character as a byte from E4 to E9 and two from 80 to BF. SQL looks for such neighbours, which
# hardly occur in any other text. DOUBLES are the first two of three GBK characters that two Chinese characters become.
FIRST, NEXT = range(0xE4, 0xEA), range(0x80, 0xC0)
TRIPLES = f"[{''.join(LATIN[byte] for byte in FIRST)}][{''.join(LATIN[byte] for byte in NEXT)}]{{2}}"
DOUBLES = f"[{_double(FIRST, NEXT)}][{_double(NEXT, FIRST)}]"
BROKEN = re.compile(f"{DOUBLES}\ufffd")  # the third was not valid, and was replaced
SEEN = f"{TRIPLES}|{DOUBLES}|(?:[\xb0-\xd7][\xa1-\xfe]){{{LEAST}}}|{REPLACED.pattern}"

DELIVERY = "coalesce(cast(_file_date as varchar), '')"
Garbled = dict[str, dict[str, dict[str, int]]]  # delivery -> column -> kind -> rows


def garbled_rows(session: Session, columns: Collection[str], relation: str) -> Garbled:
    """Count the garbled rows of text columns. If one pass finds no suspicious row, nothing more is done."""
    if not columns:
        return {}
    names = ", ".join(map(quote_name, columns))
    text = f"concat_ws(chr(10), {names})"
    # The bytes of a text are counted faster than it is searched, and most are ASCII.
    is_seen = f"case when strlen({text}) > length({text}) then regexp_matches({text}, {quoted(SEEN)}) end"
    found: Garbled = {}
    for delivery, *values in session.rows(
        f"select {DELIVERY}, {names} from {relation} where {is_seen} order by all limit {MOST}"
    ):
        for name, value in zip(columns, values, strict=True):
            if value and (kind := garbling(value)):
                kinds = found.setdefault(delivery, {}).setdefault(name, {})
                kinds[kind] = kinds.get(kind, 0) + 1
    return _with_clean(session, found, relation) if found else {}


def _with_clean(session: Session, found: Garbled, relation: str) -> Garbled:
    """Add the number of other rows."""
    delivered = session.rows(f"select {DELIVERY}, count(*) from {relation} group by all")
    totals: dict[str, int] = dict(delivered)
    return {
        day: {name: kinds | {CLEAN: totals[day] - sum(kinds.values())} for name, kinds in columns.items()}
        for day, columns in found.items()
    }


def garbling(text: str) -> str | None:
    """Return how a text became garbled, or None if it is not certain that it is."""
    if text.isascii():
        return None
    if REPLACED.search(text):
        return LOST
    if any(_is_chinese(_utf8(part.translate(BYTES).encode("latin-1"))) for part in WESTERN.findall(text)):
        return AS_CP1252
    if BROKEN.search(text) or any(_is_chinese(_utf8(_double_bytes(part))) for part in DOUBLE.findall(text)):
        return AS_GBK
    return GBK_AS_LATIN if _is_gbk(text) else None


def _utf8(content: bytes) -> str:
    """Decode UTF-8 that may end within a character, as a text that was cut off does; '' if it is not UTF-8."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return ""


def _double_bytes(text: str) -> bytes:
    content = text.encode("gb18030", "ignore")
    return content if len(content) == 2 * len(text) else b""


def _is_chinese(text: str) -> bool:
    """Accented letters before quotation marks may be UTF-8 by chance, but of rare characters, or of one only."""
    common = {letter for letter in HAN.findall(text) if letter.encode("gb2312", "ignore")}
    return len(common) >= LEAST


def _is_gbk(text: str) -> bool:
    """Is a text without ASCII letters made of pairs of bytes, each a common Chinese character?"""
    parts = [part for part in BETWEEN.split(text) if part]
    content = "".join(parts)
    if ASCII_LETTER.search(text) or not all(PAIRS.fullmatch(part) for part in parts):
        return False
    # Neither a row of signs nor one of accented capitals, such as of an index.
    if not ACCENTED.search(content) or CAPITALS.fullmatch(content):
        return False
    return _is_chinese(content.encode("latin-1").decode("gb2312", "ignore"))
