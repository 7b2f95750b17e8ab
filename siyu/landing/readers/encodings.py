"""The encoding of a csv file: by contract, by its byte order mark, or guessed where the guess is safe."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from siyu.errors import FileRejected
from siyu.landing.readers.mending import HALF, HALF_BYTES
from siyu.landing.readers.reading import BLOCK, BOM, UTF8
from siyu.seeds.channels import Export

GB18030, UTF16 = "gb18030", "utf-16"
CODECS = {"utf-8": UTF8, "big5": "cp950"}  # of the others, the contract's name is Python's name
# A character of two or four bytes in gb18030. The group matches the punctuation and the 3,755 characters that GB 2312
# lists as common: nearly all of a Chinese text, and hardly any of another encoding's bytes.
PAIRS = re.compile(
    rb"([\xa1-\xa3\xb0-\xd7][\xa1-\xfe])|[\x81-\xfe][0-9][\x81-\xfe][0-9]|[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x80-\xff]"
)
COMMON = 0.5
LAST_KOREAN = 0xC8  # the last first byte of Korean syllables; that of common Chinese characters is 0xd7
ENOUGH = 20  # characters that suffice to tell Korean and Chinese apart
HEAD = 64 << 10
ZEROS = 0.1  # of all bytes
JUDGED = 16 << 20  # bytes of a file
HIGH = re.compile(rb"[\x80-\xff]")
# The rest of a utf-8 character that was cut, if it is not beside letters; and bytes that no encoding uses for letters.
BROKEN = re.compile(
    rb"[\xfe\xff]+|(?<![A-Za-z\x80-\xff])(?:[\xc2-\xf4][\x80-\xbf]{0,2}|[\x80-\xbf]{1,3})(?![A-Za-z\x80-\xff])"
)
ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")


def known_encoding(path: Path, export: Export) -> str | None:
    """Return the codec by byte order mark or contract; None for utf-8 unless its bytes are not valid.

    A mark counts more than the contract: in another encoding, no header begins with these bytes.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF16
    if head.startswith(BOM):
        return UTF8
    if export.encoding not in ("auto", UTF16):
        return CODECS.get(export.encoding, export.encoding)
    # utf-16 without a mark: every other byte of separators, digits and Latin letters is 0.
    first, second = head[0::2].count(0), head[1::2].count(0)
    if max(first, second) > max(ZEROS * len(head), 20 * min(first, second)):
        return "utf-16-be" if first > second else "utf-16-le"
    return None if export.encoding == "auto" else UTF16


def guessed_encoding(path: Path, what: str) -> str:
    """Return gb18030 if most bytes above ASCII are not valid utf-8 and read as Chinese. Return utf-8 if most are valid,
    or if the others are single broken characters.

    Raises FileRejected otherwise: `what` of the file is in an encoding that only the contract can tell.
    """
    failing = valid = 0
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        while text := file.read(BLOCK):
            readable = text.encode("utf-8", "ignore").decode()
            failing += len(text) - len(readable) - 3 * len(HALF.findall(text))
            valid += len(readable) - len(readable.encode("ascii", "ignore"))
    if failing <= valid:
        return UTF8
    data = _judged(path)
    if _reads_as_chinese(data):
        return GB18030
    if not HIGH.search(BROKEN.sub(b"", HALF_BYTES.sub(b"", data))):
        return UTF8
    raise FileRejected(
        f"the {what} is not valid text in utf-8, and does not read as Chinese in gb18030",
        path.name,
        f"set `encoding:` in the contract, such as {', '.join(_candidates(data))}.",
    )


def _judged(path: Path) -> bytes:
    """Return the first blocks that have bytes above ASCII."""
    found: list[bytes] = []
    with path.open("rb") as file:
        while len(found) * BLOCK < JUDGED and (block := file.read(BLOCK)):
            found += [block] if HIGH.search(block) else []
    return b"".join(found)


def _reads_as_chinese(data: bytes) -> bool:
    found = PAIRS.findall(data)
    common = [pair[0] for pair in found if pair]
    is_korean = len(common) >= ENOUGH and max(common) <= LAST_KOREAN
    return len(common) >= COMMON * len(found) and not is_korean


def _candidates(data: bytes) -> list[str]:
    """Return the encodings in which the bytes may be text, the likeliest first."""
    is_latin = 2 * len(ALONE.findall(data)) >= len(HIGH.findall(data))  # most accented letters are between plain ones
    latin, chinese = ["cp1252", "latin-1"], ["big5", GB18030]
    fitting = [name for name in (latin + chinese if is_latin else chinese + latin) if _decodes(data, name)]
    return fitting[:3]


def _decodes(data: bytes, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(CODECS.get(name, name))()
    try:
        decoder.decode(data)  # the last character may be cut
    except UnicodeDecodeError:
        return False
    return True
