"""The header of a model file: `key: text` lines in a comment at its beginning. Segments have more keys than others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from siyu.errors import ConfigError, SiyuError, nearest, raise_all

HEADER = re.compile(r"\s*/\*(.*?)\*/", re.DOTALL)
HEADER_LINE = re.compile(r"([a-z_]+):(.*)")
HEADER_KEYS = ("description", "grain")
SEGMENT_FOLDER = "audience/segments"
SEGMENT_KEYS = ("name_zh", "name_en", "purpose", "owner", "audience")
# Whom a segment holds; models/audience/base/segment_person.sql says what each means.
AUDIENCES = ("prospects", "customers", "partners", "people", "kept_out")


@dataclass(frozen=True)
class SegmentHeader:
    """What the header of a segment says about it. `owner` is a role or a team, `audience` one of AUDIENCES."""

    name_zh: str
    name_en: str
    purpose: str
    owner: str
    audience: str


@dataclass(frozen=True)
class Header:
    """The header of a model. `segment` is None except for segments."""

    description: str
    grain: tuple[str, ...]
    segment: SegmentHeader | None = None


def read_header(file: str, text: str, is_segment: bool) -> Header:
    """Return the header of a model file. Raises ConfigError with every problem at once."""
    found = _pairs(text)
    grain = tuple(part.strip() for part in found.get("grain", "").strip("[]").split(",") if part.strip())
    raise_all([*_unknown(file, found, is_segment), *_missing(file, found, grain, is_segment)])
    segment = SegmentHeader(*(found[key] for key in SEGMENT_KEYS)) if is_segment else None
    return Header(found["description"], grain, segment)


def _pairs(text: str) -> dict[str, str]:
    """Parse `key: text` lines; a text may continue on the next lines. Not YAML: a description may contain a colon."""
    match = HEADER.match(text)
    found: dict[str, str] = {}
    key = ""
    for line in (match[1] if match else "").splitlines():
        begins = HEADER_LINE.match(line)
        if begins:
            key = begins[1]
            found[key] = begins[2].strip()
        elif key:
            found[key] = f"{found[key]} {line.strip()}".strip()
    return found


def _unknown(file: str, found: Mapping[str, str], is_segment: bool) -> Iterator[SiyuError]:
    known = (*HEADER_KEYS, *(SEGMENT_KEYS if is_segment else ()))
    for key in found:
        if key in SEGMENT_KEYS and not is_segment:
            fix = f"remove it, or move the file to models/{SEGMENT_FOLDER} if it is a segment."
            yield ConfigError(f"{key} in the header: only segments have this key", f"{file}:1", fix)
        elif key not in known:
            yield ConfigError(f"unknown key {key} in the header", f"{file}:1", nearest(key, known))


def _missing(file: str, found: Mapping[str, str], grain: tuple[str, ...], is_segment: bool) -> Iterator[SiyuError]:
    if not found.get("description") or not grain:
        yield ConfigError(
            "the header has no description or no grain",
            f"{file}:1",
            "begin the file with /* description: …, grain: [columns] */.",
        )
    lacking = [key for key in SEGMENT_KEYS if is_segment and not found.get(key)]
    if lacking:
        fix = f"a segment says {', '.join(SEGMENT_KEYS)} in its header, each in a line of its own."
        yield ConfigError(f"the header of the segment has no {', '.join(lacking)}", f"{file}:1", fix)
    if is_segment and "audience" not in lacking and found["audience"] not in AUDIENCES:
        problem = f"the audience of the segment is {found['audience']!r}"
        yield ConfigError(problem, f"{file}:1", nearest(found["audience"], AUDIENCES))
