"""The facts of a night in the order in which on-call needs them, for the terminal and for Markdown.

Both outputs are made of the same items, so neither says something that the other leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from siyu.errors import FAILED_CHECKS
from siyu.report.failures import CHECK_RUNBOOK, FULL, TARGET_RUNBOOK
from siyu.report.message import GOOD_ENDS, RUNBOOKS, stale_channel

SHOWN_KEYS, SHOWN_TABLES, SHOWN_MEMBERS = 5, 6, 3
ENDS = {
    "published": "Published 已发布", "nothing new": "Nothing is new 无新数据", "failed": "Failed 未发布",
    "running": "Running 运行中", "interrupted": "Interrupted 已中断",
}  # fmt: skip
MORE = re.compile(r" \(and \d+ more problems?\)$")  # of_error() adds it
SHORT = {"published": "ok", "nothing new": "same", "failed": "FAILED", "interrupted": "KILLED"}


@dataclass(frozen=True)
class Fact:
    """A line with a label, and lines below it. `tone` is good, warn, bad, dim or ''."""

    label: str
    text: str
    tone: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A text of several lines, shown as it is."""

    text: str


@dataclass(frozen=True)
class Grid:
    """A table. Columns from the second to the last but `words` hold numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 0  # columns at the right that hold words


Item = Fact | Block | Grid


def headline(status: Mapping[str, Any]) -> str:
    """Return the state of the run as a title."""
    end = ENDS.get(status["status"], status["status"])
    return f"{end}: run {status['run_id']}, as of {status['as_of'] or 'an unknown date'}"


def briefing(status: Mapping[str, Any]) -> list[Item]:
    """Return the facts of a status.json."""
    return [
        *_end(status), *_first(status), *_checks(status, "critical"), *_targets(status), *_channels(status),
        *_alerts(status), *_checks(status, "warning"), *_changes(status), *_channel_grid(status), *_kpis(status),
        *_checks(status, "info"), *_counts(status), *_message(status), *_nights(status),
    ]  # fmt: skip


def _end(status: Mapping[str, Any]) -> Iterator[Item]:
    tone = "good" if status["status"] in GOOD_ENDS else "warn" if status["status"] == "running" else "bad"
    ended = f", ended {status['ended_at']} UTC" if status["ended_at"] else ""
    last = f"{status['run_id']}: {status['status']}, as of {status['as_of'] or '?'}{ended}"
    yield Fact("last run", last, tone)
    yield Fact("current", status["current_release"] or "no release yet")


def _first(status: Mapping[str, Any]) -> Iterator[Item]:
    failure, error = status["first_failure"], status["error"] or ""
    if failure is not None:
        rows = f", {failure['rows']:,} rows" if failure["rows"] is not None else ""
        name = " ".join(filter(None, (failure["stage"], failure["name"])))
        notes = _details(failure["why"], failure["keys"])
        notes += [f"where: {failure['where']}"] if failure["where"] else []
        notes += [f"fix: {failure['fix']}"] if failure["fix"] else []
        yield Fact("failed", f"{name}: {failure['problem']}{rows}", "bad", (*notes, f"runbook: {failure['runbook']}"))
    told = MORE.sub("", failure["problem"]).removeprefix(FULL) if failure is not None else ""
    is_told = failure is not None and (
        status["exit_code"] == FAILED_CHECKS if failure["stage"] == "check" else told in error
    )
    if error and not is_told:
        yield Block(error)
    elif others := error.split("\nerror: ")[1:]:
        yield Block("error: " + "\nerror: ".join(others))


def _details(why: str | None, keys: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [f"why: {why}"] if why else []
    lines += [", ".join(f"{name}={value}" for name, value in key.items()) for key in keys[:SHOWN_KEYS]]
    if len(keys) > SHOWN_KEYS:
        lines.append(f"… {len(keys) - SHOWN_KEYS} more keys in status.json")
    return lines


def _checks(status: Mapping[str, Any], severity: str) -> Iterator[Item]:
    """Yield the checks of a severity that failed. The one that failed first stands above with its keys."""
    tone = {"critical": "bad", "warning": "warn"}.get(severity, "dim")
    for f in status["failures"]:
        if f["severity"] != severity or _is_first(status, f):
            continue
        where = f"{f['table_name']}: {f['expectation']} {f['column_name'] or ''}".rstrip()
        count = f" could not run: {f['error']}" if f["error"] else f" ({f['unexpected_count']} rows)"
        keys = [] if severity == "info" else f["sample_keys"]
        notes = (*_details(f["why"], keys), f"runbook: {f['runbook'] or CHECK_RUNBOOK}")
        yield Fact(severity, where + count, tone, notes)


def _is_first(status: Mapping[str, Any], failure: Mapping[str, Any]) -> bool:
    first = status["first_failure"]
    column = f" ({failure['column_name']})" if failure["column_name"] else ""
    return (
        first is not None
        and failure["severity"] == "critical"
        and (first["stage"], first["name"]) == ("check", failure["table_name"])
        and first["problem"].startswith(f"{failure['expectation']}{column}")
        and first["why"] == (failure["why"] or "")
    )


def _is_told(status: Mapping[str, Any], target: str) -> bool:
    first = status["first_failure"]
    return first is not None and (first["stage"], first["name"]) == ("target", target)


def _targets(status: Mapping[str, Any]) -> Iterator[Item]:
    for line in status["targets"]:
        has = f"has {line['release']}" if line["release"] else "has no release"
        if _is_told(status, line["target"]):
            continue
        if line["error"]:
            yield Fact("target", f"{line['target']}: {line['error']}; it {has}", "bad", (f"runbook: {TARGET_RUNBOOK}",))
        else:
            loaded = f"{line['tables_loaded']:,} tables loaded in {line['seconds']:.1f} s"
            yield Fact("target", f"{line['target']}: {has}, {loaded}")


def _channels(status: Mapping[str, Any]) -> Iterator[Item]:
    for line in status["channels"]:
        if line["is_stale"]:
            yield Fact("stale", stale_channel(line), "warn", (f"runbook: {RUNBOOKS['stale']}",))
        for kind in ("drift", "unusual"):
            yield from (Fact(kind, told, "warn", (f"runbook: {RUNBOOKS[kind]}",)) for told in line.get(kind, ()))
    for told in status["references"]:
        yield Fact("unusual", told, "warn", (f"runbook: {RUNBOOKS['unusual']}",))
    for note in status["notes"]:
        yield Fact("note", note, "warn")


def _alerts(status: Mapping[str, Any]) -> Iterator[Item]:
    """Yield a fact for each KPI outside its band: its total, or some of its members."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for alert in status["alerts"]:
        found.setdefault((alert["status"], alert["code"]), []).append(alert)
    for (state, code), lines in found.items():
        totals = [line for line in lines if line["member"] == "total"]
        members = [line for line in lines if line["member"] != "total"]
        shown = [*totals, *members[: SHOWN_MEMBERS - len(totals)]]
        told = "; ".join(f"({a['member']}) {a['value']}, band {a['band']}" for a in shown)
        more = f"; and {len(lines) - len(shown)} more" if len(lines) > len(shown) else ""
        first = lines[0]
        text = f"{code} {first['zh']} {first['en']} on {first['day']} {told}{more}"
        is_bad = state == "alert" and any(not line["is_good"] for line in totals)
        yield Fact(state, text, "bad" if is_bad else "warn", (f"runbook: {RUNBOOKS['alert']}",))


def _changes(status: Mapping[str, Any]) -> Iterator[Item]:
    counted = [m for m in status["models"] if None not in (m["row_count"], m["row_count_before"])]
    moved = sorted(
        (m for m in counted if m["row_count"] != m["row_count_before"]),
        key=lambda m: (-abs(m["row_count"] - m["row_count_before"]), m["model"]),
    )
    people = [m for m in counted if m["model"] == "identity.person"]
    yield from (Fact("people", f"{m['row_count']:,} ({_by(m)})") for m in people)
    yield from (Fact("IDs", change["told"]) for change in status["changes"] if change["kind"] == "ids")
    yield from (Fact("tag drift", change["told"]) for change in status["changes"] if change["kind"] == "tag")
    if moved:
        told = [f"{m['model']} {_by(m)} to {m['row_count']:,}" for m in moved[:SHOWN_TABLES]]
        more = f"; {len(moved) - SHOWN_TABLES} more tables changed" if len(moved) > SHOWN_TABLES else ""
        yield Fact("rows", "; ".join(told) + more)
    elif counted and status["status"] == "published":
        yield Fact("rows", "no table has more or fewer rows than in the last published run")


def _by(model: Mapping[str, Any]) -> str:
    return f"{model['row_count'] - model['row_count_before']:+,}"


def _channel_grid(status: Mapping[str, Any]) -> Iterator[Item]:
    if status["channels"]:
        columns = ("channel 渠道", "new files", "rows landed", "rejected", "replaced", "state")
        rows = tuple(
            (f"{c['channel']} {c['title']}", str(c["files"]), f"{c['rows_landed']:,}", f"{c['rows_rejected']:,}",
             f"{c['rows_replaced']:,}", _state(c))
            for c in status["channels"]
        )  # fmt: skip
        yield Grid(columns, rows, words=1)


def _state(channel: Mapping[str, Any]) -> str:
    if channel["is_stale"]:
        return "stale 过期"
    if channel["is_retired"]:
        return "retired 已停用"
    if channel["drift"]:
        return "drift 列变化"
    if channel["unusual"]:
        return "unusual 异常"
    return "ok" if channel["was_landed"] else "ok, not landed 未入库"


def _kpis(status: Mapping[str, Any]) -> Iterator[Item]:
    if status["kpis"]:
        rows = tuple((f"{k['code']} {k['zh']} {k['en']}", k["day"], k["month"]) for k in status["kpis"])
        yield Grid(("KPI 指标", "as_of day 当日", "last 30 days 近30天"), rows)


def _counts(status: Mapping[str, Any]) -> Iterator[Item]:
    counts = status["checks"]
    failed = {kind: counts[f"failed_{kind}"] for kind in ("critical", "warning", "info")}
    told = ", ".join(f"{count} {kind} failed" for kind, count in failed.items() if count) or "all passed"
    if counts["expectations"]:
        yield Fact("checks", f"{counts['expectations']} expectations: {told}; {len(status['models'])} models built")


def _message(status: Mapping[str, Any]) -> Iterator[Item]:
    sent = status["notification"]
    if sent is None:
        return
    told = {"sent": f"sent at {sent['sent_at']} UTC", "partly sent": f"sent to some at {sent['sent_at']} UTC",
            "failed": "not sent", "not needed": "none was needed"}[sent["state"]]  # fmt: skip
    notes = (*sent["problems"], "runbook: docs/on-call.md#a-message-was-not-sent") if sent["problems"] else ()
    yield Fact("message", " ".join(filter(None, (told, sent["title"] and f"({sent['title']})"))),
               "warn" if sent["problems"] else "", notes)  # fmt: skip


def _nights(status: Mapping[str, Any]) -> Iterator[Item]:
    if status["nights"]:
        yield Fact("last runs", " · ".join(map(_night, status["nights"])))


def _night(run: Mapping[str, Any]) -> str:
    took = f" {_duration(run['seconds'])}" if run["seconds"] is not None else ""
    day = run["as_of"][5:] if run["as_of"] else "?"
    return f"{day} {SHORT.get(run['status'], run['status'])}{took}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
