"""The report of a run, and its summary for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.masking import one_line
from siyu.release.releases import INDEX, SITE
from siyu.report import failures
from siyu.report.markup import line as text_line
from siyu.report.message import stale_channel

if TYPE_CHECKING:
    from siyu.build.materialization import ModelRun
    from siyu.check.suites import CheckResult
    from siyu.landing.channel import ChannelLanding
    from siyu.landing.channel_status import ChannelStatus
    from siyu.landing.comparison import Comparison
    from siyu.landing.drift import Drift
    from siyu.report.changes import Change
    from siyu.report.failures import Failure
    from siyu.report.headline import KpiAlert, KpiLine
    from siyu.report.notify import Notification

SLOWEST = 5
SHOWN_KEYS = 5
RUNBOOK = failures.CHECK_RUNBOOK


@dataclass(frozen=True)
class ChannelLine:
    """The line of a channel in the summary. `drift` says which columns changed, and what to do."""

    channel: str
    title: str
    files: int
    rows_landed: int
    rows_rejected: int
    is_stale: bool
    reason: str | None
    is_retired: bool = False
    was_landed: bool = True  # False if the run was not asked to land it

    @property
    def state(self) -> str:
        """The state in a word or two."""
        if self.is_stale:
            return "stale 过期"
        if self.is_retired:
            return "retired 已停用"
        if self.drift:
            return "drift 列变化"
        if self.unusual:
            return "unusual 异常"
        return "ok" if self.was_landed else "ok, not landed 未入库"

    @property
    def told(self) -> list[str]:
        """What somebody should look at."""
        return [*([self.reason or ""] if self.is_stale else []), *self.drift, *self.unusual]

    rows_replaced: int = 0
    drift: tuple[str, ...] = ()
    owner: str = ""  # whom to ask
    data_until: str | None = None  # the date up to which files have landed
    unusual: tuple[str, ...] = ()  # exports of which the newest landing is unlike those before, and how
    rows_last: int = 0  # rows of the newest landing, which may be that of an earlier run


@dataclass(frozen=True)
class TargetLine:
    """What became of one BI target. `release` is the one that the target has now; `error` is None if all went well."""

    target: str
    release: str | None
    tables_loaded: int
    seconds: float
    error: str | None = None

    @property
    def told(self) -> str:
        """What happened, in one line."""
        if self.error:
            problem = self.error.splitlines()[0].removeprefix("error: ")
            return f"failed 未同步: {problem}; it has {self.release or 'an earlier release, or none'}"
        if not self.tables_loaded:
            return f"already there 已是最新: {self.release}"
        return f"{self.tables_loaded} tables loaded 已同步, {self.seconds:.1f} s; it has {self.release}"


@dataclass
class Report:
    """The report of one run. `status` is running, published, nothing new, failed, not started or checked."""

    as_of: date | None
    warehouse: Path
    run_id: int = 0
    status: str = "running"
    started_at: str = ""
    ended_at: str | None = None
    error: str | None = None
    exit_code: int | None = None  # None while it runs
    release: Path | None = None
    is_current: bool = False
    is_sample: bool = False
    channels: list[ChannelLine] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)  # releases of a future date, which no longer count
    landed_only: list[str] = field(default_factory=list)  # the channels that the run was asked to land; empty for all
    references: list[str] = field(default_factory=list)  # reference tables that are unlike their version before
    edited: str = ""  # files of layers that are newer than the current release
    families: str = ""  # which families of models the run builds; empty for all
    unchecked: list[str] = field(default_factory=list)  # checks that cannot run, because a table is not built
    models: list[ModelRun] = field(default_factory=list)
    checks: list[CheckResult] = field(default_factory=list)
    kpis: list[KpiLine] = field(default_factory=list)
    alerts: list[KpiAlert] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    targets: list[TargetLine] = field(default_factory=list)
    nights: list[dict[str, Any]] = field(default_factory=list)  # the last runs, oldest first
    stopped_by: Failure | None = None  # the first failure of the run in time
    notification: Notification | None = None  # None if no message was asked for
    rows_before: Mapping[str, int | None] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def set_channels(
        self,
        statuses: Iterable[ChannelStatus],
        landings: Mapping[str, ChannelLanding],
        drift: Iterable[Drift] = (),
        compared: Iterable[Comparison] = (),
    ) -> None:
        """Set what landed in this run, the state of each channel, which of its columns changed, and what is unusual."""
        unusual = [(one.channel, one.told) for one in compared if one.told]
        self.references = [text for channel, text in unusual if channel == "reference"]
        told = [(one.channel, one.told) for one in drift if one.told]
        self.channels = []
        for status in statuses:
            landing = landings.get(status.channel)
            files = len(landing.files) if landing else 0
            rows = (landing.rows_landed, landing.rows_rejected) if landing else (0, 0)
            replaced = landing.rows_replaced if landing else 0
            self.channels.append(
                ChannelLine(status.channel, one_line(status.title), files, *rows, status.is_stale, status.reason,
                            status.is_retired, landing is not None or not landings, replaced,
                            tuple(text for channel, text in told if channel == status.channel), status.owner,
                            str(status.last_file_date) if status.last_file_date else None,
                            tuple(text for channel, text in unusual if channel == status.channel), status.rows_landed)
            )  # fmt: skip

    def limits(self) -> list[str]:
        """Say in one line each how the night differs from an ordinary one: retired channels, a landing of some
        channels, releases of a future date that were withdrawn, rules that were edited, families that are not built."""
        retired = [line.channel for line in self.channels if line.is_retired]
        lines = [f"withdrawn 已撤回: {name}, because its business date is in the future" for name in self.withdrawn]
        if retired:
            lines.append(f"retired 已停用: {', '.join(retired)}; no longer delivers, its rows still count")
        if self.landed_only:
            lines.append(
                f"landed only 仅入库: {', '.join(self.landed_only)}; the other channels are built from earlier landings"
            )
        lines += [self.edited] if self.edited else []
        return [*lines, *([self.families] if self.families else []), *self.unchecked]

    @property
    def first_failure(self) -> Failure | None:
        """What failed first: what stopped the run, or the first target that did not take the release."""
        if self.stopped_by is not None:
            return self.stopped_by
        return first_of_targets(self.targets)

    def check_counts(self) -> dict[str, int]:
        """Count the expectations by outcome."""
        broken = [result for result in self.checks if not result.success]
        return {
            "expectations": len(self.checks),
            "failed_critical": sum(r.severity == "critical" for r in broken),
            "failed_warning": sum(r.severity == "warning" for r in broken),
            "failed_info": sum(r.severity == "info" for r in broken),
        }

    def failures(self) -> list[CheckResult]:
        """Return the expectations that failed, critical ones first."""
        rank = {"critical": 0, "warning": 1, "info": 2}
        broken = [result for result in self.checks if not result.success]
        return sorted(broken, key=lambda r: (rank[r.severity], r.table_name, r.expectation, r.column_name or ""))


def first_of_targets(targets: Iterable[TargetLine]) -> Failure | None:
    """Return the failure of the first target that did not take the release."""
    return next((failures.of_target(line.target, line.release, line.error) for line in targets if line.error), None)


def summary(report: Report) -> Group:
    """Return the summary of a run, for a person at a terminal."""
    parts: list[Any] = [_headline(report)] if report.status in HEADLINES else []
    if report.is_sample:
        parts.append(Text("exports    the sample 样例数据: neither layers nor exports are set"))
    if report.channels:
        parts.append(_channel_table(report.channels))
        stale = [stale_channel(vars(line)) for line in report.channels if line.is_stale]
        parts += [text_line(f"  stale 过期 {told}", "red") for told in stale]
        parts += [text_line(f"  {told}", "yellow") for told in report.limits()]
        parts += [text_line(f"  drift 列变化 {text}", "yellow") for line in report.channels for text in line.drift]
        unusual = [text for line in report.channels for text in line.unusual] + report.references
        parts += [text_line(f"  unusual 异常 {text}", "yellow") for text in unusual]
    if report.models:
        parts.append(_model_line(report.models))
    if report.checks:
        parts += _check_lines(report)
    if report.kpis:
        parts.append(_kpi_table(report.kpis))
        parts += _alert_lines(report.alerts)
    if report.release is not None:
        tables = report.manifest.get("tables", {})
        parts.append(Text(f"release    {report.release}  ({len(tables)} tables)"))
        folder = report.warehouse / "current" if report.is_current else report.release
        parts.append(Text(f"read it    {folder / 'siyu.duckdb'}", style="bold"))
    parts += [text_line(f"target     {t.target}: {t.told}", "red" if t.error else "") for t in report.targets]
    page = _site(report)
    return Group(*parts, *([Text(f"site 网站  {page}", style="bold")] if page else []))


def _alert_lines(alerts: Sequence[KpiAlert]) -> list[Text]:
    """Return a line for each total out of its band, and how many figures of single members are."""
    lines = [text_line(f"  {one.status}: {one.told}", "yellow") for one in alerts if one.member == "total"]
    rest = f"  out of band 超出区间: {len(alerts) - len(lines)} figures of single channels, teams … (kpi.kpi_value)"
    return [*lines, text_line(rest, "yellow")] if len(alerts) > len(lines) else lines


def _site(report: Report) -> Path | None:
    """Return the first page of the site that readers see, or of the release of this run."""
    folder = report.warehouse / "current" if report.release is None or report.is_current else report.release
    return folder / SITE / INDEX if (folder / SITE / INDEX).is_file() else None


# status -> style and words; as_of, run_id and untouched are filled in
HEADLINES = {
    "published": ("bold green", "Published 已发布: run {run_id}, as of {as_of}"),
    "nothing new": ("bold cyan", "Nothing is new 无新数据: as of {as_of}; the release is up to date"),
    "failed": ("bold red", "Failed 未发布: run {run_id}, as of {as_of}; {untouched}"),
    "not started": ("bold red", "Not started 未启动: as of {as_of}; another run holds the warehouse"),
}


def _headline(report: Report) -> Text:
    style, words = HEADLINES.get(report.status, ("bold", report.status))
    has_release = (report.warehouse / "current").exists()
    untouched = "the last release is untouched" if has_release else "there is no release yet"
    text = words.format(run_id=report.run_id, as_of=report.as_of or "an unknown date", untouched=untouched)
    if report.status == "published" and not report.is_current:
        text += " (current did not change: this date is earlier, or known_by is set)"
    return Text(text, style=style)


def _channel_table(channels: Sequence[ChannelLine]) -> Table:
    table = Table(
        "channel 渠道", "new files", "rows landed", "rejected", "replaced", "state", title_justify="left", box=None
    )
    for column in table.columns[1:5]:
        column.justify = "right"
    for line in channels:
        table.add_row(
            text_line(f"{line.channel}  {line.title}"), str(line.files), f"{line.rows_landed:,}",
            f"{line.rows_rejected:,}", f"{line.rows_replaced:,}",
            Text(line.state, style="red" if line.is_stale else ""),
        )  # fmt: skip
    return table


def _model_line(models: Sequence[ModelRun]) -> Text:
    slowest = sorted(models, key=lambda m: (-m.seconds, m.model))[:SLOWEST]
    named = ", ".join(f"{m.model} {m.seconds:.1f} s" for m in slowest)
    return Text(f"models     {len(models)} built; slowest: {named}")


def _check_lines(report: Report) -> list[Text]:
    counts = report.check_counts()
    failed = {kind: counts[f"failed_{kind}"] for kind in ("critical", "warning", "info")}
    told = ", ".join(f"{count} {kind} failed" for kind, count in failed.items() if count) or "all passed"
    lines = [Text(f"checks     {counts['expectations']} expectations: {told}")]
    for result in report.failures():
        style = "red" if result.stops_release else "yellow"
        lines.append(text_line(f"  {result.severity}: {describe(result)}", style))
        lines += [text_line(f"      {line}") for line in _details(result)]
    return lines


def describe(result: CheckResult) -> str:
    """Describe a failed expectation in one line."""
    column = f" ({result.column_name})" if result.column_name else ""
    if result.error:
        return f"{result.table_name}: {result.expectation}{column} could not run: {result.error}"
    count = f", {result.unexpected_count:,} rows" if result.unexpected_count is not None else ""
    return f"{result.table_name}: {result.expectation}{column}{count}"


def _details(result: CheckResult) -> list[str]:
    keys = json.loads(result.sample_keys)
    lines = [f"why: {result.why}"] if result.why else []
    lines += [", ".join(f"{name}={value}" for name, value in key.items()) for key in keys[:SHOWN_KEYS]]
    if len(keys) > SHOWN_KEYS:
        lines.append(f"… {len(keys) - SHOWN_KEYS} more keys in ops.check_result and status.json")
    return [*lines, f"runbook: {result.runbook or RUNBOOK}"]


def _kpi_table(kpis: Sequence[KpiLine]) -> Table:
    table = Table("KPI 指标", "", "as_of day 当日", "last 30 days 近30天", box=None)
    table.columns[2].justify = table.columns[3].justify = "right"
    for line in kpis:
        table.add_row(*map(text_line, (line.code, f"{line.zh} {line.en}", line.day, line.month)))
    return table
