"""Render the result of `siyu tags` as text and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from siyu.ask.evidence import Row
from siyu.ask.journey_words import count, number

REASONS = {"data": "data 数据", "rule": "rule 规则", "identity": "identity 身份"}
LEVELS = {"person": "person 人", "account": "company 企业", "person, account": "both 人和企业"}
STATES = {"live": "live 使用中", "unused": "unused 未使用", "uncomputable": "uncomputable 无法计算"}


def catalog_text(told: Row) -> Group:
    """Return the catalog as a table: a line a tag, with coverage, status and drift. Below it, reasons and readers."""
    tags: Sequence[Row] = told["tags"]
    counted = ", ".join(
        f"{n} {name}" for state, name in STATES.items() if (n := sum(row["status"] == state for row in tags))
    )
    headline = Text(f"{count(len(tags), 'tag')} 标签 as of {told['as_of']}: {counted or 'none 无'}")
    if not tags:
        return Group(headline)
    missing = _section("cannot be computed 无法计算", [(row["tag_code"], row["missing"]) for row in tags])
    readers = _section("used by 使用者", [(row["tag_code"], row["used_by"]) for row in tags])
    return Group(headline, _catalog_table(tags), *missing, *readers)


def _catalog_table(tags: Sequence[Row]) -> Table:
    """Return a table whose lines never break: on a narrow terminal, names are cut, figures never."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("tag 标签", no_wrap=True, min_width=max(len(row["tag_code"]) for row in tags) + 3)
    table.add_column("name 名称", no_wrap=True, overflow="ellipsis")
    for title, width in (("of 对象", 13), ("coverage 覆盖", 13), ("of n 适用数", 11), ("values 取值", 11),
                         ("drift 漂移", 10), ("30 d 30天", 9)):  # fmt: skip
        justify: JustifyMethod = "left" if title == "of 对象" else "right"
        table.add_column(title, no_wrap=True, min_width=width, justify=justify)
    table.add_column("status 状态", no_wrap=True, min_width=max(cell_len(name) for name in STATES.values()))
    for row in tags:
        table.add_row(*map(Text, (
            f"{row['class_no']:02d} {row['tag_code']}", f"{row['name_zh']} {row['name_en']}", LEVELS[row["level"]],
            _percent(row["coverage_rate"]), f"{row['scope_count'] or 0:,}", str(row["distinct_values"]),
            _index(row["drift"]), _index(row["drift_30d"]), STATES[row["status"]],
        )))  # fmt: skip
    return table


def _section(title: str, texts: Sequence[tuple[str, str | None]]) -> Iterator[Text]:
    """Yield a heading and a line for each text, nothing if there are none. Lines are too long for a table."""
    shown = [(code, text) for code, text in texts if text]
    width = max((len(code) for code, _ in shown), default=0)
    if shown:
        yield Text(f"\n{title}")
        yield from (Text(f"  {code:<{width}}  {text}") for code, text in shown)


def tags_text(told: Row) -> str:
    """Return the tags of one person or company, a block a class."""
    zone = ZoneInfo(told["timezone"])
    day = f"published for 发布于 {told['on']}" if told["on"] else f"as of {told['as_of']}"
    lines = [f"{told['id']}  tags 标签 {day}"]
    if told["asked"] != told["id"]:
        lines.append(f"asked for 查询: {told['asked']}")
    if told.get("now") not in (None, told["id"]):
        lines.append(f"today 现为: {told['now']}")
    if not told["tags"]:
        begins = told.get("history_begins")
        is_before = begins is not None and told["on"] < begins
        lines.append(f"none 无: the history of tags begins on 标签历史始于 {begins}" if is_before else "none 无")
    return "\n".join([*lines, *tag_lines(in_zone(told["tags"], zone))])


def in_zone(tags: Sequence[Row], zone: ZoneInfo) -> list[Row]:
    """Return the tags with their evidence in local time. `evidence_at` is missing in tags of a past day."""
    return [
        {**row, "evidence_at": at.replace(tzinfo=UTC).astimezone(zone)} if (at := row.get("evidence_at")) else row
        for row in tags
    ]


def tag_block(tags: Sequence[Row] | None) -> Iterator[str]:
    """Yield the tags below a heading, nothing if there are none. None: tags are not built. Moments are local."""
    if tags is None:
        yield ""
        yield "tags 标签  not built 未构建 (setting families)"
    elif tags:
        yield ""
        yield "tags 标签"
        yield from tag_lines(tags)


def tag_lines(tags: Sequence[Row]) -> Iterator[str]:
    """Yield a heading for each class, and a line for each tag with its evidence or, of a past day, its reason.

    Moments are local.
    """
    for (no, name), rows in groupby(tags, key=lambda row: (row["class_no"], row["class"])):
        yield f"{no:02d} {name}" if no is not None else "of earlier rules 旧规则"
        yield from (f"  {_tag(row)}  {_why(row)}".rstrip() for row in rows)


def _tag(row: Row) -> str:
    names = {row["tag_value"]: None, row["value_zh"]: None}
    if row["value_en"].casefold() != row["tag_value"].casefold():
        names[row["value_en"]] = None
    return f"{row['tag_code']} {row['name_zh'] or ''} = {' '.join(names)}"


def _why(row: Row) -> str:
    if "reason" in row:
        until = f", until 止 {row['valid_to']}: {REASONS[row['end_reason']]}" if row["valid_to"] else ""
        return f"(since 自 {row['valid_from']}: {REASONS[row['reason']]}{until})"
    parts = [f"score 数值 {number(row['score'])}"] if row["score"] is not None else []
    if row["evidence_at"] is not None:
        parts.append(f"evidence 依据 {row['evidence_channel']} {row['evidence_at'].date()}")
        parts.append(count(row["source_count"], "channel"))
    return f"({'; '.join(parts)})" if parts else ""


def _percent(share: Any) -> str:
    return "–" if share is None else f"{float(share):.1%}"


def _index(value: Any) -> str:
    return "–" if value is None else f"{float(value):.3f}"
