"""Copies of broken files that the engine can read. U+FFFD replaces invalid characters: bytes that are not valid in a
file's encoding, and halves of surrogate pairs.

One invalid character must not cause the loss of a whole file. A file that is completely in another encoding is not
mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
BROKEN = "bytes that are not valid in the file's encoding"
LOST = "\ufffd"
RUN = re.compile("[\ud800-\udfff]+")
# Half a pair as three bytes, as some programs write it. No other encoding is meant.
HALF = re.compile("\udced[\udca0-\udcbf][\udc80-\udcbf]")
HALF_BYTES = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
# Group 1 is half of a surrogate pair, which is replaced. Whole pairs and all other escapes stay.
ESCAPES = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.", re.DOTALL
)
HALF_OF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
HIGH_ESCAPE = re.compile(rb"\\u[dD][89abAB]")
LONGEST_ESCAPE, WINDOW = 12, 4096  # bytes
RARE = 1000  # at most one broken value in 1000 does not mean that the file is in another encoding


@dataclass
class Damage:
    """How much of a file is invalid: `broken` of its `parts` (values or records), and the numbers of `invalid` and
    `valid` characters outside ASCII. `halves` of surrogate pairs do not indicate another encoding."""

    parts: int = 0
    broken: int = 0
    invalid: int = 0
    valid: int = 0
    halves: int = 0

    @property
    def is_any(self) -> bool:
        """Whether anything has to be replaced."""
        return bool(self.broken or self.halves)

    @property
    def is_other_encoding(self) -> bool:
        """Whether the file is in another encoding as a whole."""
        return is_often(self.broken, self.parts) and self.invalid > self.valid


def is_often(broken: int, parts: int) -> bool:
    """Return whether so many parts, and more than one, are broken that the file may be in another encoding."""
    return broken > max(1, parts // RARE)


def mended(text: str) -> str:
    """Replace each run of surrogates, to which Python decodes invalid bytes, by one U+FFFD."""
    return RUN.sub(LOST, text)


def invalid_outnumber(path: Path, encoding: str) -> bool:
    """Return whether a text file has more invalid bytes than valid characters outside ASCII. In utf-16 there are only
    halves of pairs, which are no sign of another encoding."""
    damage = Damage()
    if encoding.startswith("utf-16"):
        return False
    with path.open(encoding=encoding, errors=errors_of(encoding), newline="") as file:
        while text := file.read(BLOCK):
            _count(text, damage)
    return damage.invalid > damage.valid


def errors_of(encoding: str) -> str:
    """Return the error handler with which Python decodes invalid bytes to surrogates."""
    return "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"


def shorten(path: Path, out: Path, longest: int, mark: bytes) -> None:
    """Copy a file of lines; a line that is too long for the engine is replaced by a mark."""
    with path.open("rb") as lines, out.open("wb") as short:
        while line := lines.readline(longest):
            if len(line) < longest:
                short.write(line)
                continue
            while line and not line.endswith(b"\n"):
                line = lines.readline(longest)
            short.write(mark + b"\n")


def mend_json(source: Path, out: Path) -> Damage:
    """Write a mended copy of a JSON file in utf-8. Returns what had to be replaced."""
    damage = Damage()
    with source.open("rb") as file, out.open("wb") as target:
        for piece in _pieces(file):
            damage.parts += piece.count(b'"') // 4
            target.write(_mended_piece(piece, damage))
    return damage


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the file in pieces of about BLOCK bytes. No piece begins inside a character or an escape."""
    rest = b""
    while block := file.read(BLOCK):
        data = rest + block
        cut = _last_start(data)
        yield data[:cut]
        rest = data[cut:]
    yield rest


def _last_start(data: bytes) -> int:
    """Return the last place near the end at which a character or a whole escape begins."""
    for place in range(len(data) - 1, max(LONGEST_ESCAPE, len(data) - WINDOW), -1):
        before = data[place - LONGEST_ESCAPE : place]
        if b"\\" not in before:
            if data[place] & 0xC0 != 0x80:
                return place
        elif data[place] == 0x5C and before[-1] != 0x5C and not HIGH_ESCAPE.match(before[-6:]):
            return place
    return len(data)  # a piece of nothing but broken characters or backslashes


def _mended_piece(piece: bytes, damage: Damage) -> bytes:
    damage.valid += piece.count(b"\\u")
    text = piece.decode("utf-8", "surrogateescape")
    if _count(text, damage):
        damage.broken += len(RUN.findall(HALF.sub("", text)))
        piece = mended(text).encode()
    if not HALF_OF_PAIR.search(piece):
        return piece

    def whole(found: re.Match[bytes]) -> bytes:
        if found[1] is None:
            return found[0]
        damage.halves += 1
        return b"\\ufffd"

    return ESCAPES.sub(whole, piece)


def _count(text: str, damage: Damage) -> int:
    """Count invalid characters and valid ones outside ASCII. Returns the number of invalid ones."""
    if text.isascii():
        return 0
    readable = text.encode("utf-8", "ignore").decode()
    invalid = len(text) - len(readable)
    halves = len(HALF.findall(text)) if invalid else 0
    damage.halves += halves
    damage.invalid += invalid - 3 * halves
    damage.valid += len(readable) - len(readable.encode("ascii", "ignore"))
    return invalid
