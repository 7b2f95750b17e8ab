"""The message of a run: whether on-call needs one, and what it says.

A concern is something that needs somebody: a failure, a target that did not take the release, a stale channel, a column
that changed, data unlike those of the nights before, a KPI on the worse side of its band, a check that warns. A run
that failed always sends a message. Any other run sends one if there is a concern that no earlier message told, or if a
concern that was told is gone. So a channel that stays stale is told once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from siyu.errors import ON_CALL
from siyu.masking import masked, one_line
from siyu.report.failures import CHECK_RUNBOOK, TARGET_RUNBOOK

FAILURE, TARGET, STALE, DRIFT, UNUSUAL, ALERT, WARNING, RECOVERED = (
    "failure", "target", "stale", "drift", "unusual", "alert", "warning", "recovered",
)  # fmt: skip
GOOD_ENDS = ("published", "nothing new")
INTERRUPTED = f"{FAILURE}:interrupted"
# A text message of a WeCom group robot holds 2,048 bytes. The limits of the others are higher.
MAX_BYTES = 1900
MAX_LINE, MAX_OF_A_KIND, MAX_RUNBOOKS, SHOWN_KEYS = 280, 5, 3, 3  # a line has so many characters
RUNBOOKS = {
    STALE: f"{ON_CALL}#a-channel-is-stale",
    DRIFT: f"{ON_CALL}#a-column-has-changed",
    UNUSUAL: f"{ON_CALL}#a-landing-is-unusual",
    ALERT: f"{ON_CALL}#a-kpi-left-its-band",
}


@dataclass(frozen=True)
class Concern:
    """`key` stays the same from night to night. `told` is the line about it."""

    kind: str
    key: str
    told: str
    runbook: str
    is_new: bool = True


@dataclass(frozen=True)
class Message:
    """A message as title and text. `is_good` means that it only reports what recovered."""

    title: str
    text: str
    is_good: bool = False


WORDS = {
    "zh": {
        "failed": "未发布", "published": "已发布", "nothing new": "无新数据", "attention": "请关注", "good": "已恢复",
        "first": "首先失败", "why": "原因", "rows": "行", "keys": "样例", "where": "位置", "fix": "处理",
        "runbook": "手册", "current": "BI 当前读取", "none": "尚无发布", "page": "状态页", "new": "新",
        "more": "另有 {} 项", "interrupted": "上次运行中断", "failed before": "上次运行失败", "test": "测试消息",
        "tested": "如果看到这条消息，说明地址设置正确。", TARGET: "目标未更新", STALE: "渠道过期", DRIFT: "列变化",
        UNUSUAL: "数据异常", ALERT: "指标告警", WARNING: "校验警告", RECOVERED: "已恢复",
    },
    "en": {
        "failed": "not published", "published": "published", "nothing new": "nothing is new",
        "attention": "needs attention", "good": "recovered", "first": "failed first", "why": "why", "rows": "rows",
        "keys": "some keys", "where": "where", "fix": "do", "runbook": "runbook", "current": "BI reads",
        "none": "no release yet", "page": "status page", "new": "new", "more": "and {} more",
        "interrupted": "the run before was interrupted", "failed before": "the run before failed",
        "test": "test message", "tested": "If you read this, the address works.", TARGET: "target not updated",
        STALE: "stale channel", DRIFT: "column changed", UNUSUAL: "unusual data", ALERT: "KPI alert",
        WARNING: "check warns", RECOVERED: "recovered",
    },
}  # fmt: skip


def concerns(status: Mapping[str, Any]) -> list[Concern]:
    """Return what needs somebody in a status.json, the most urgent first. Keys name no figure and no day."""
    found = []
    if status["status"] not in GOOD_ENDS:
        found.append(Concern(FAILURE, FAILURE, "", ""))
    for line in status["targets"]:
        if line["error"]:
            found.append(Concern(TARGET, f"{TARGET}:{line['target']}", f"{line['target']}: {line['error']}",
                                 TARGET_RUNBOOK))  # fmt: skip
    for line in status["channels"]:
        name = line["channel"]
        if line["is_stale"]:
            found.append(Concern(STALE, f"{STALE}:{name}", stale_channel(line), RUNBOOKS[STALE]))
        for kind in (DRIFT, UNUSUAL):
            if line.get(kind):
                found.append(Concern(kind, f"{kind}:{name}", "; ".join(line[kind]), RUNBOOKS[kind]))
    for told in status["references"]:
        found.append(Concern(UNUSUAL, f"{UNUSUAL}:{told.partition(':')[0]}", told, RUNBOOKS[UNUSUAL]))
    found += _alerts(status["alerts"])
    # The check on ops.drift warns about the columns that are listed already.
    is_listed = any(one.kind == DRIFT for one in found)
    warns = [f for f in status["failures"] if not (is_listed and f["table_name"] == "ops.drift" and not f["error"])]
    return found + _warnings(warns)


def stale_channel(line: Mapping[str, Any]) -> str:
    """Return what is known of a stale channel: why, whom to ask, and up to which day there are data."""
    facts = [f"owner {line['owner']}"] if line["owner"] else []
    facts += [f"data until {line['data_until']}"] if line["data_until"] else []
    shown = f" ({', '.join(facts)})" if facts else ""
    return f"{line['channel']}{shown}: {line['reason']}"


def _alerts(alerts: Iterable[Mapping[str, Any]]) -> list[Concern]:
    """Only a total is a concern: one of hundreds of members leaves its band on any night. So is only the worse side:
    nobody has to do something about more orders than ever, and rows that came twice are unusual data."""
    return [
        Concern(ALERT, f"{ALERT}:{a['code']}", f"{a['code']} {a['zh']} {a['day']}: {a['value']}, {a['band']}",
                RUNBOOKS[ALERT])
        for a in alerts
        if a["status"] == ALERT and a["member"] == "total" and not a["is_good"]
    ]  # fmt: skip


def _warnings(failures: Iterable[Mapping[str, Any]]) -> list[Concern]:
    """The checks of unusual landings are left out: UNUSUAL tells the same by name."""
    found = []
    for f in failures:
        if f["severity"] != "warning" or (f["runbook"] == RUNBOOKS[UNUSUAL] and not f["error"]):
            continue
        column = f" ({f['column_name']})" if f["column_name"] else ""
        why = f["why"] or f["expectation"]
        told = f"{f['table_name']}{column}: {why}" + (f" [{f['unexpected_count']:,}]" if f["unexpected_count"] else "")
        key = f"{WARNING}:{f['table_name']}:{f['expectation']}:{f['column_name'] or ''}:{f['why'] or ''}"
        found.append(Concern(WARNING, key, told, f["runbook"] or CHECK_RUNBOOK))
    return found


@dataclass(frozen=True)
class Style:
    """How messages are written: language, the page and the folder of documents that they link to, the reasons."""

    language: str
    link: str
    docs: str
    reasons: Collection[str]


def compose(status: Mapping[str, Any], told: Collection[str], style: Style) -> Message | None:
    """Return the message of a run that has ended, or None if it needs none. `told` has the keys of concerns that
    earlier messages told and that were not gone since."""
    now = [replace(one, is_new=one.key not in told) for one in concerns(status) if one.kind in style.reasons]
    gone = _recovered(status, told, {one.key for one in now}) if RECOVERED in style.reasons else []
    has_failed = any(one.kind == FAILURE for one in now)
    if not (has_failed or gone or any(one.is_new for one in now)):
        return None
    words = WORDS[style.language]
    verdict = words["failed"] if status["status"] not in GOOD_ENDS else words[status["status"]]
    note = "" if has_failed else f"{words['attention' if now else 'good']}"
    title = f"siyu {verdict} {status['as_of'] or ''}".rstrip() + (f": {note}" if note else "")
    first = status["first_failure"] or {"stage": "", "name": ""}
    others = [one for one in now if one.key != f"{first['stage']}:{first['name']}"]
    lines = [*_first(status, words, style), *_of_each_kind(others, words, style)]
    if gone:
        lines.append(f"{words[RECOVERED]}: {', '.join(_name(key, words) for key in gone)}")
    ends = [f"{words['current']}: {status['current_release'] or words['none']}"]
    if style.link:
        ends.append(f"{words['page']}: {style.link}")
    return Message(title, _fitted(lines, ends, MAX_BYTES - len(title.encode())), is_good=not now)


def test_message(style: Style) -> Message:
    """Return a message that shows that an address works."""
    words = WORDS[style.language]
    ends = [f"{words['runbook']}: {style.docs}{ON_CALL}"] + ([f"{words['page']}: {style.link}"] if style.link else [])
    return Message(f"siyu {words['test']}", "\n".join([words["tested"], *ends]), is_good=True)


def still_told(status: Mapping[str, Any], told: Iterable[str], was_sent: bool) -> list[str]:
    """Return the keys of concerns that count as told after this run."""
    now = {one.key for one in concerns(status)}
    if status["status"] in GOOD_ENDS:
        return sorted(now if was_sent else now & set(told))
    return sorted(set(told) | (now if was_sent else set()))  # a run that failed does not know what recovered


def _recovered(status: Mapping[str, Any], told: Iterable[str], now: Collection[str]) -> list[str]:
    return sorted(set(told) - set(now)) if status["status"] in GOOD_ENDS else []


def _name(key: str, words: Mapping[str, str]) -> str:
    kind, _, name = key.partition(":")
    if kind == FAILURE:
        return words["interrupted" if key == INTERRUPTED else "failed before"]
    return f"{words[kind]} {name.partition(':')[0] if kind == WARNING else name}"


def _first(status: Mapping[str, Any], words: Mapping[str, str], style: Style) -> list[str]:
    failure = status["first_failure"]
    if failure is None:
        return []
    rows = f", {failure['rows']:,} {words['rows']}" if failure["rows"] is not None else ""
    name = " ".join(filter(None, (failure["stage"], failure["name"])))
    lines = [f"{words['first']}: {name}: {failure['problem']}{rows}"]
    for word, text in (("why", failure["why"]), ("where", failure["where"])):
        if text:
            lines.append(f"{words[word]}: {text}")
    keys = ["{" + ", ".join(f"{k}={v}" for k, v in key.items()) + "}" for key in failure["keys"][:SHOWN_KEYS]]
    if keys:
        lines.append(f"{words['keys']}: {' '.join(keys)}")
    if failure["fix"]:
        lines.append(f"{words['fix']}: {failure['fix']}")
    return [*lines, f"{words['runbook']}: {style.docs}{failure['runbook']}"]


def _of_each_kind(found: Sequence[Concern], words: Mapping[str, str], style: Style) -> list[str]:
    lines = []
    for kind in (TARGET, STALE, DRIFT, UNUSUAL, ALERT, WARNING):
        # New ones first: they are why the message is sent.
        listed = sorted((one for one in found if one.kind == kind), key=lambda one: not one.is_new)
        for one in listed[:MAX_OF_A_KIND]:
            mark = f" ({words['new']})" if one.is_new else ""
            lines.append(f"{words[kind]}{mark}: {one.told}")
        if len(listed) > MAX_OF_A_KIND:
            lines.append(words["more"].format(len(listed) - MAX_OF_A_KIND))
        books = list(dict.fromkeys(one.runbook for one in listed))[:MAX_RUNBOOKS]
        lines += [f"{words['runbook']}: {style.docs}{book}" for book in books]
    return lines


def _fitted(lines: Sequence[str], ends: Sequence[str], limit: int) -> str:
    """Return lines as one text of at most `limit` bytes. The last lines always have room."""
    short = [_cut(one_line(masked(line))) for line in lines]
    room = limit - sum(len(line.encode()) + 1 for line in ends) - 4
    kept: list[str] = []
    for line in short:
        room -= len(line.encode()) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(line)
    return "\n".join([*kept, *ends])


def _cut(line: str) -> str:
    return line if len(line) <= MAX_LINE else f"{line[: MAX_LINE - 1]}…"
