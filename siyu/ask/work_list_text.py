"""Render the results of `siyu list` as text: a list, what lists there are, and the access log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from siyu.ask.journey_words import both, count
from siyu.ask.list_fields import EVENT_DATE, KINDS, NAMES, STEPS, Field
from siyu.ask.work_list import Row, WorkList, plain
from siyu.masking import one_line

SHOWN = 50
MASKED_NOTE = (
    "contact data is masked 联系方式已脱敏; --raw shows it to those who may read the restricted file 有权限者可用 --raw"
)
RAW_NOTE = "this is personal data 含个人信息; the access log has this output 已记入访问日志"


def list_text(found: WorkList, rows: Sequence[Row]) -> str:
    """Return a list as text: two lines a row, first what identifies the work and the person, then the rest."""
    lines = [headline(found)]
    if not rows:
        return "\n".join([*lines, "nobody is on this list 名单上没有人"])
    lines += [RAW_NOTE if found.question.is_raw else MASKED_NOTE, ""]
    width = len(str(len(rows)))
    for number, row in enumerate(rows, start=1):
        head, rest = _parts(found, row)
        lines.append(f"{number:>{width}}  {head}")
        if rest:
            lines.append(f"{'':{width}}  {rest}")
    if len(rows) < found.row_count:
        left = found.row_count - len(rows)
        lines.append(f"\n{left} more 另有 {left} 行: --all shows them; --csv or --xlsx writes all of them to a file")
    return "\n".join(lines)


def headline(found: WorkList) -> str:
    """Return the title of a list, its filters and its size."""
    owner = found.question.owner
    filters = [both(owner, found.words.get("staff", {}))] if owner else []
    filters += [both(found.question.event, found.words.get("events", {}))] if found.question.event else []
    about = "".join(f", {name}" for name in filters)
    size = f"{count(found.row_count, 'row')} 行, {found.person_count} {_people(found.person_count)} 人"
    return one_line(f"{found.title} as of {found.as_of}{about}: {size}")


def _people(number: int) -> str:
    return "person" if number == 1 else "people"


def _parts(found: WorkList, row: Row) -> tuple[str, str]:
    head: list[str] = []
    rest: list[str] = []
    for field, raw, value in zip(found.fields, row, found.shown(row), strict=True):
        text = _head(field, raw, value) if field.is_head else _labelled(field, value)
        if text:
            (head if field.is_head else rest).append(text)
    return "  ".join(head), "; ".join(rest)


def _head(field: Field, raw: Any, value: Any) -> str:
    if field.kind == "flag":
        return field.label if raw else ""
    if field.words == "staff" and raw is None:
        return "nobody 无人"
    return _labelled(field, value) if field.kind in ("number", "moment", "day") else one_line(plain(value))


def _labelled(field: Field, value: Any) -> str:
    is_nothing = value is None or (field.kind == "number" and not value)  # a part of a score without points
    return "" if is_nothing else f"{field.label} {one_line(plain(value))}"


def overview_text(told: Mapping[str, Any]) -> str:
    """Return what lists there are, with their sizes and the command that shows each."""
    lines = [f"lists 名单 as of {told['as_of']}"]
    lines += _block("segments 人群: siyu list segment NAME", map(_segment, told["segments"]))
    lines += _block("coming events 近期活动: siyu list invite --event EVENT", map(_event, told["events"]))
    lines += _block("hand-offs that wait 待接收线索: siyu list handoff", map(_handoff, told["handoffs"]))
    lines += _block("next actions 下一步行动: siyu list next-action", map(_action, told["actions"]))
    return "\n".join(lines)


def _block(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield from ("", title)
    shown = [f"  {one_line(line)}" for line in lines]
    yield from shown or ["  none 无"]


def _segment(row: Mapping[str, Any]) -> str:
    size = f"{row['person_count']:,} {_people(row['person_count'])} 人"
    moved = f"+{row['came_count'] or 0} −{row['went_count'] or 0}"
    return f"{row['segment']}  {row['name_zh']} {row['name_en']}  {size} ({moved})  owner 负责 {row['owner'] or '–'}"


def _event(row: Mapping[str, Any]) -> str:
    names = " ".join(str(row[name]) for name in NAMES if row.get(name))
    counts = "; ".join(
        f"{name.removesuffix('_count').replace('_', ' ')} {value:,}" for name, value in row.items()
        if isinstance(value, int) and not isinstance(value, bool)
    )  # fmt: skip
    return "  ".join(filter(None, (row["event_id"], str(row.get(EVENT_DATE) or ""), names, counts)))


def _handoff(row: Mapping[str, Any]) -> str:
    return f"{both(row['step'], STEPS)}  {row['open_count']:,} open 待接收, {row['overdue_count']:,} overdue 超时"


def _action(row: Mapping[str, Any]) -> str:
    return f"{both(row['kind'], KINDS)}  {row['person_count']:,} {_people(row['person_count'])} 人"


def log_text(rows: Sequence[Mapping[str, Any]], shown: int | None) -> str:
    """Return the newest lines of the access log, the newest last. Moments are UTC."""
    lines = [f"access log 访问日志: {count(len(rows), 'output')} 次"]
    first = 0 if shown is None else max(len(rows) - shown, 0)
    if first:
        lines.append(f"{first} earlier 更早: --all shows them")
    return "\n".join([*lines, *(one_line(_access(row)) for row in rows[first:])])


def log_data(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the access log for JSON."""
    moments = ("accessed_at", "finished_at")
    return [
        {
            **row,
            **{name: datetime.fromisoformat(row[name]) if row[name] else None for name in moments},
            "parameters": json.loads(row["parameters"]),
            "is_raw": bool(row["is_raw"]),
        }
        for row in rows
    ]


def _access(row: Mapping[str, Any]) -> str:
    kind = "raw 明文" if row["is_raw"] else "masked 脱敏"
    size = f"{count(row['row_count'], 'row')}, {row['person_count']} {_people(row['person_count'])}"
    parts = [
        f"{row['access_no']}", f"{row['accessed_at']} UTC", row["who"], row["list"], row["parameters"], row["release"],
        size, kind, row["form"], row["file"] or "", "" if row["finished_at"] else "not complete 未完成",
    ]  # fmt: skip
    return "  ".join(filter(None, parts))
