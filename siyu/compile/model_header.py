"""The header of a model file: `key: text` lines in a comment at its beginning.

Segments and figures of KPIs have more keys than others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from siyu.errors import ConfigError, SiyuError, nearest, raise_all

HEADER = re.compile(r"\s*/\*(.*?)\*/", re.DOTALL)
HEADER_LINE = re.compile(r"([a-z_]+):(.*)")
HEADER_KEYS = ("description", "grain")
SEGMENT_FOLDER = "audience/segments"
FIGURE_FOLDER = "kpi/figures"
FIGURE_KEYS = ("kpis",)
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
    """The header of a model. `segment` is None except for segments, `kpis` is empty except for figures of KPIs."""

    description: str
    grain: tuple[str, ...]
    segment: SegmentHeader | None = None
    kpis: tuple[str, ...] = ()


def read_header(file: str, text: str, folders: Collection[str]) -> Header:
    """Return the header of a model file. `folders` are those it lies in, such as kpi/figures.

    Raises ConfigError with every problem at once.
    """
    found = _pairs(text)
    is_segment, is_figure = SEGMENT_FOLDER in folders, FIGURE_FOLDER in folders
    grain, kpis = _listed(found.get("grain", "")), _listed(found.get("kpis", ""))
    raise_all([
        *_unknown(file, found, is_segment, is_figure),
        *_missing(file, found, grain),
        *(_missing_of_segment(file, found) if is_segment else ()),
        *(_missing_of_figure(file, kpis) if is_figure else ()),
    ])  # fmt: skip
    segment = SegmentHeader(*(found[key] for key in SEGMENT_KEYS)) if is_segment else None
    return Header(found["description"], grain, segment, kpis)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.strip("[]").split(",") if part.strip())


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


def _unknown(file: str, found: Mapping[str, str], is_segment: bool, is_figure: bool) -> Iterator[SiyuError]:
    known = (*HEADER_KEYS, *(SEGMENT_KEYS if is_segment else ()), *(FIGURE_KEYS if is_figure else ()))
    for key in found:
        if key in SEGMENT_KEYS and not is_segment:
            fix = f"remove it, or move the file to models/{SEGMENT_FOLDER} if it is a segment."
            yield ConfigError(f"{key} in the header: only segments have this key", f"{file}:1", fix)
        elif key in FIGURE_KEYS and not is_figure:
            fix = f"remove it, or move the file to models/{FIGURE_FOLDER} if it calculates KPIs."
            yield ConfigError(f"{key} in the header: only models of {FIGURE_FOLDER} have this key", f"{file}:1", fix)
        elif key not in known:
            yield ConfigError(f"unknown key {key} in the header", f"{file}:1", nearest(key, known))


def _missing(file: str, found: Mapping[str, str], grain: tuple[str, ...]) -> Iterator[SiyuError]:
    if not found.get("description") or not grain:
        yield ConfigError(
            "the header has no description or no grain",
            f"{file}:1",
            "begin the file with /* description: …, grain: [columns] */.",
        )


def _missing_of_figure(file: str, kpis: tuple[str, ...]) -> Iterator[SiyuError]:
    if not kpis:
        fix = "write kpis: [code, code], the codes of kpis.csv that the model yields."
        yield ConfigError("the header of the figures has no kpis", f"{file}:1", fix)


def _missing_of_segment(file: str, found: Mapping[str, str]) -> Iterator[SiyuError]:
    lacking = [key for key in SEGMENT_KEYS if not found.get(key)]
    if lacking:
        fix = f"a segment says {', '.join(SEGMENT_KEYS)} in its header, each in a line of its own."
        yield ConfigError(f"the header of the segment has no {', '.join(lacking)}", f"{file}:1", fix)
    if "audience" not in lacking and found["audience"] not in AUDIENCES:
        problem = f"the audience of the segment is {found['audience']!r}"
        yield ConfigError(problem, f"{file}:1", nearest(found["audience"], AUDIENCES))
