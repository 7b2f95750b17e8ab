"""What became of each date of a backfill, as a table for a terminal and as Markdown for Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.errors import SiyuError
from siyu.masking import masked, one_line
from siyu.report import markup
from siyu.report.markup import line

PUBLISHED, NOTHING_NEW, FAILED, SKIPPED, LEFT = "published", "nothing new", "failed", "published before", "not run"
ZH = {PUBLISHED: "已发布", NOTHING_NEW: "无新数据", FAILED: "失败", SKIPPED: "此前已发布", LEFT: "未运行"}
REMOVED = "removed by retention; the history has its snapshots 已按保留规则清理，历史快照保留"
HEADS = ("date 日期", "status 状态", "seconds 秒", "release 发布")
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class DateResult:
    """What became of a date. `release` is the name of its release; `is_kept` is false if retention has removed it."""

    as_of: date
    status: str
    seconds: float = 0.0
    release: str | None = None
    is_kept: bool = True
    error: SiyuError | OSError | None = None

    @property
    def told(self) -> str:
        """The date and what became of it, on one line."""
        return f"{self.status} {self.as_of}: {self._release or 'nothing was published'}, {self.seconds:.0f} s"

    @property
    def _release(self) -> str:
        if self.error is not None:
            return one_line(masked(getattr(self.error, "problem", str(self.error))))
        return f"{self.release or ''}{'' if self.is_kept else f' ({REMOVED})'}"

    def cells(self) -> tuple[str, str, str, str]:
        """Return the cells of its row."""
        seconds = f"{self.seconds:.1f}" if self.status not in (SKIPPED, LEFT) else ""
        return self.as_of.isoformat(), f"{self.status} {ZH[self.status]}", seconds, self._release


def headline(results: Sequence[DateResult], resume: str = "") -> str:
    """Return how many dates have which status. `resume` says how to continue if dates are left."""
    counts = {status: sum(result.status == status for result in results) for status in ZH}
    told = ", ".join(f"{count} {status} {ZH[status]}" for status, count in counts.items() if count)
    return f"Backfill 补跑: {told or 'no dates'}{f'. {resume}' if resume else ''}"


def backfill_text(results: Sequence[DateResult], resume: str = "") -> Group:
    """Return the summary for a terminal."""
    table = Table(*HEADS, box=None, pad_edge=False)
    table.columns[2].justify = "right"
    for result in results:
        table.add_row(*(line(cell, "red" if result.error else "") for cell in result.cells()))
    return Group(table, Text(headline(results, resume), style="bold"))


def backfill_markdown(results: Sequence[DateResult], resume: str = "") -> str:
    """Return the summary as Markdown, for the artifact of a Prefect run."""
    lines = [
        f"# {markup.markdown(headline(results, resume))}",
        "",
        f"| {' | '.join(HEADS)} |",
        "| --- | --- | ---: | --- |",
    ]
    lines += [f"| {' | '.join(map(markup.markdown, result.cells()))} |" for result in results]
    for result in results:
        if result.error is not None:
            lines += ["", f"## {result.as_of}", "", *markup.markdown_block(masked(str(result.error)))]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return a time in words: 40 s, 12 min, 3 h 05 min."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < HOUR // MINUTE else f"{minutes // 60} h {minutes % 60:02} min"
