"""Render a journey as text: a head, then a time line that folds similar touches into one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.evidence import Row
from siyu.ask.journey import Story
from siyu.ask.journey_events import Event
from siyu.ask.journey_words import (
    BEHAVIOURS,
    CHANGES,
    CONTENT_STAGES,
    DEALS,
    DIRECTIONS,
    EXCLUSIONS,
    OUTCOMES,
    REASONS,
    STATUSES,
    WEEKDAYS,
    both,
    clock,
    count,
    joined,
    local_day,
    moment,
    money,
    number,
)
from siyu.ask.tags_text import in_zone, tag_block

SHOWN = 60  # newest lines of the time line; --all shows all
NAMED = 3  # things of a kind that a folded line names
MARKS = {"inbound": "◀", "outbound": "▶", "forward": "▲", "back": "▼", "re_entry": "↻"}
LEGEND = "◀ the person acted 客户主动  ▶ we acted 我方触达  ▲ forward 前进  ▼ back 退回  ↻ re-entry 重新进入"
CLOCK_WIDTH = 11  # the width of 09:12–09:40

Fold = tuple[Event, ...]


def told_story(story: Story, shown: int | None) -> str:
    """Return a page of text. It shows the newest `shown` lines of the time line; None shows all."""
    zone = ZoneInfo(story.timezone)
    tags = story.head["tags"]
    block = tag_block(None if tags is None else in_zone(tags, zone))
    return "\n".join([*_head(story, zone), *block, "", *_timeline(story, zone, shown)])


def _head(story: Story, zone: ZoneInfo) -> Iterator[str]:
    head = story.head
    person, account = head["person"] or {}, head["account"]
    yield f"{head['one_id']}  {person.get('full_name') or ''}".rstrip() + f"  as of {story.as_of}"
    if story.asked != head["one_id"]:
        yield f"asked for 查询: {story.asked}"
    if account:
        yield _pair("company 企业", f"{account['account_id']}  {account['company_name'] or ''}".rstrip())
    elif person.get("company_name"):
        yield _pair("company 企业", person["company_name"])
    if person.get("title"):
        yield _pair("title 职务", person["title"])
    yield from _standing(head, zone)
    yield _pair("lead score 线索评分", _score(head["score"]))
    for row in head["exclusions"]:
        why = f" ({row['why'].rstrip('.')})" if row["why"] else ""
        since = local_day(row["since_at"], zone)
        yield _pair("excluded 排除", f"{both(row['kind'], EXCLUSIONS)} by rule {row['rule']}{why}, since {since}")
    if head["partner"]:
        yield _pair("partner 合作伙伴", _partner(head["partner"], story.currency))
    if head["scenarios"]:
        steps = (f"{s['scenario']} {s['step_no']} {s['step']} {s['step_zh'] or ''}".rstrip() for s in head["scenarios"])
        yield _pair("scenarios 场景", "; ".join(steps))
    if story.not_published:
        yield _pair("not in this release 本版未发布", f"{', '.join(story.not_published)} (publish_records = false)")


def _standing(head: Row, zone: ZoneInfo) -> Iterator[str]:
    stage = head["stage"]
    if stage is None:
        yield _pair("stage now 阶段", "none 无 (no evidence of any stage)")
        return
    awake = (
        f"dormant 沉睡 since {local_day(stage['dormant_since'], zone)}" if stage["is_dormant"] else "not dormant 活跃"
    )
    named = f"{stage['stage']} {stage['stage_zh']}"
    days = f"{stage['days_in_stage']} days 天"
    yield _pair("stage now 阶段", f"{named} since {local_day(stage['since_at'], zone)} ({days}); {awake}")
    steps = (f"{MARKS[p['direction']]} {_stage(p['to_stage'], p['to_zh'])} {local_day(p['moved_at'], zone)}"
             for p in head["path"])  # fmt: skip
    yield _pair("path 路径", "  ".join(steps))
    yield _pair("suitable content 适合内容", both(stage["content_stage"], CONTENT_STAGES))


def _pair(title: str, text: str) -> str:
    return f"{title}: {text}"


def _score(score: Row | None) -> str:
    if score is None:
        return "0"
    titles = {"behaviour": "behaviours 行为", "sequence": "sequences 序列", "call": "calls to action 行动号召"}
    parts = " + ".join(f"{title} {number(score[f'{part}_score'])}" for part, title in titles.items())
    return f"{number(score['score'])} = {parts}"


def _partner(partner: Row, currency: str) -> str:
    revenue = money(partner["revenue_amount"], currency)
    courses = f"courses 课程 {partner['completed_count']} of {partner['enrolled_count']} completed 完成"
    return f"{courses}; deals 成交 {partner['deal_count']}, revenue 收入 {revenue}"


def _timeline(story: Story, zone: ZoneInfo, shown: int | None) -> Iterator[str]:
    yield f"time line 时间线, times in 时区 {story.timezone}  {LEGEND}"
    if story.before_since:
        yield f"  … {count(story.before_since, 'event')} before {story.since} left out 已略去: --since"
    folds = fold(story.events)
    hidden = folds[: max(len(folds) - shown, 0)] if shown is not None else []
    if hidden:
        happened = count(sum(map(len, hidden)), "event")
        yield f"  … {count(len(hidden), 'earlier line')} 更早 ({happened}): --all shows them 显示全部"
    if not folds:
        yield "  nothing 无记录"
    for day, of_day in groupby(folds[len(hidden) :], key=lambda events: events[0].day):
        yield ""
        yield f"{day} {WEEKDAYS[day.weekday()]}"
        yield from (_line(events, story, zone) for events in of_day)


def fold(events: Sequence[Event]) -> list[Fold]:
    """Fold similar touches that no other event of the day separates, and the lines of one order, into one line."""
    folds: list[list[Event]] = []
    open_folds: dict[tuple[Any, ...], list[Event]] = {}
    last: tuple[date, bool] | None = None
    for event in events:
        stretch = (event.day, event.kind == "touch")
        if stretch != last:
            open_folds, last = {}, stretch
        sort = _sort(event)
        if sort is not None and sort in open_folds:
            open_folds[sort].append(event)
            continue
        folds.append([event])
        if sort is not None:
            open_folds[sort] = folds[-1]
    return [tuple(folded) for folded in folds]


def _sort(event: Event) -> tuple[Any, ...] | None:
    facts = event.facts
    if event.kind == "touch":
        return facts["direction"], facts["behaviour"], event.channel, facts["outcome"] == "failed"
    return (event.channel, facts["deal_id"], facts["change"], event.at) if event.kind == "deal" else None


def _line(events: Fold, story: Story, zone: ZoneInfo) -> str:
    first, last = (clock(event.at, zone) for event in (events[0], events[-1]))
    when = first if first == last else f"{first}–{last}"
    mark = MARKS.get(events[0].facts.get("direction", ""), "·") if events[0].kind in ("touch", "move") else "·"
    return f"  {mark} {when:<{CLOCK_WIDTH}}  {TOLD[events[0].kind](events, story, zone)}"


def _touch(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    one, several, chinese = BEHAVIOURS.get(facts["behaviour"], (facts["behaviour"], facts["behaviour"], ""))
    told = one if len(events) == 1 else f"{len(events)} {several}"
    actions = [joined(e.facts["action"], both(e.facts["outcome"], OUTCOMES)) for e in events]
    contents = [
        e.facts["content_id"] + (f" ({e.facts['content_stage']})" if e.facts["content_stage"] else "")
        for e in events
        if e.facts["content_id"]
    ]
    listed = [
        _named(filter(None, actions)),
        _named(contents, "content 内容 "),
        _named((e.facts["product_id"] for e in events if e.facts["product_id"]), "product 产品 "),
        _named((e.facts["campaign_id"] for e in events if e.facts["campaign_id"]), "campaign 活动 ", counted=False),
        _named((e.facts["staff_id"] for e in events if e.facts["staff_id"]), "staff 员工 ", counted=False),
        _points([e.facts["score"] for e in events]),
    ]
    return joined(told, chinese, f"on {events[0].channel}") + ": " + "; ".join(filter(None, listed))


def _named(words: Iterable[str], title: str = "", *, counted: bool = True) -> str:
    """List the words in order of appearance, with how often each occurs. Only the first few are named."""
    counts = Counter(words)
    told = [word if times == 1 or not counted else f"{word} ×{times}" for word, times in counts.items()]
    more = [f"{len(told) - NAMED} more"] if len(told) > NAMED else []
    return title + ", ".join(told[:NAMED] + more) if told else ""


def _points(scores: Iterable[Row | None]) -> str:
    """Say how many points the touches are worth now, and how decay and the daily cap changed them."""
    kept = [score for score in scores if score]
    if not kept:
        return ""
    points, now = (sum((row[name] for row in kept), Decimal(0)) for name in ("points", "score"))
    decays = {row["decay"] for row in kept}
    told = f"{number(points)} points 分"
    if decays != {Decimal(1)}:
        by = f" ×{number(decays.pop())}" if len(decays) == 1 else ", decayed 衰减"
        told += f"{by} = {number(now)} now 现值"
    capped = any(row["points"] < row["listed_points"] for row in kept)
    return told + (" (daily cap 每日上限)" if capped else "")


def _ask(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    named = f"{joined(facts['ask_en'], facts['ask_zh'])} (level 级别 {facts['ask_level']})"
    told = [named, f"campaign 活动 {facts['campaign_id']} {facts['action']}", _points([facts["score"]])]
    return f"call to action 行动号召: {'; '.join(filter(None, told))}  {_proof(events[0])}"


def _sequence(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    named = joined(facts["sequence"], facts["sequence_zh"])
    return f"sequence completed 完成序列: {named}; {_points([facts['score']])}  {_proof(events[0])}"


def _link(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    point = joined(facts["touchpoint"], facts["touchpoint_zh"], facts["holder_id"] and f"with {facts['holder_id']}")
    if facts["change"] == "begins":
        return f"link begins 建立触达: {point}  {_proof(events[0])}"
    why = ", ".join(filter(None, (facts["end_reason"], facts["ended_by"] and f"by {facts['ended_by']}")))
    return f"link ends 失去触达: {point}{f' ({why})' if why else ''}  {_proof(events[0])}"


def _deal(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    amounts = [event.facts["amount"] for event in events if event.facts["amount"] is not None]
    status = facts.get("status") if facts["change"] == "ordered" else None
    products = (event.facts["product_id"] for event in events if event.facts.get("product_id"))
    listed = [
        money(sum(amounts, Decimal(0)), story.currency) if amounts else "",
        f"{len(events)} lines 行" if len(events) > 1 else "",
        _named(products, "product 产品 ", counted=False),
        f"now 现 {both(status, STATUSES)}" if status else "",
    ]
    return f"{DEALS[facts['change']]}: {'; '.join(filter(None, [facts['deal_id'], *listed]))}  {_proof(events[0])}"


def _exclusion(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    change = {"begins": "exclusion begins 开始排除", "ends": "exclusion ends 结束排除"}[facts["change"]]
    overruled = f", overruled 被豁免 by {facts['overruled_by']}" if facts["is_overruled"] else ""
    return f"{change}: {both(facts['exclusion'], EXCLUSIONS)} by rule {facts['rule']}{overruled}  {_proof(events[0])}"


def _dormancy(events: Fold, story: Story, zone: ZoneInfo) -> str:
    return "becomes dormant 进入沉睡" if events[0].facts["change"] == "begins" else "active again 重新激活"


def _move(events: Fold, story: Story, zone: ZoneInfo) -> str:
    facts = events[0].facts
    skipped = f", skips 跳过 {facts['skipped']}" if facts["skipped"] else ""
    return (
        f"══ {_stage(facts['from_stage'], facts['from_zh'])} → {_stage(facts['to_stage'], facts['to_zh'])} ══"
        f"  {both(facts['direction'], DIRECTIONS)}{skipped}; {both(facts['reason'], REASONS)}; {_proof(events[0])}"
    )


def _noted(events: Fold, story: Story, zone: ZoneInfo) -> str:
    """Show what the release says now, and what an earlier release said."""
    facts, proof = events[0].facts, _proof(events[0])
    to = _stage(facts["to_stage"], facts["to_zh"])
    told = []
    if facts["moved_at"] is not None:
        now = f"{_stage(facts['from_stage'], facts['from_zh'])} → {to} {moment(facts['moved_at'], zone)}"
        told.append(f"now 现为 {now} ({both(facts['reason'], REASONS)}; {proof})")
    if facts["was_moved_at"] is not None:
        was = f"{_stage(facts['was_from_stage'], facts['was_from_zh'])} → {to} {moment(facts['was_moved_at'], zone)}"
        told.append(f"before 原为 {was} ({both(facts['was_reason'], REASONS)};"
                    f" {joined(facts['was_channel'], facts['was_record_id'])})")  # fmt: skip
    if facts["former_one_id"]:
        told.append(f"ID then 当时 ID {facts['former_one_id']}")
    return f"noted on 记于 {events[0].day}: {both(facts['change'], CHANGES)}; {'; '.join(told)}"


TOLD: dict[str, Callable[[Fold, Story, ZoneInfo], str]] = {
    "touch": _touch, "ask": _ask, "sequence": _sequence, "link": _link, "deal": _deal, "exclusion": _exclusion,
    "dormancy": _dormancy, "move": _move, "noted": _noted,
}  # fmt: skip


def _proof(event: Event) -> str:
    return joined(event.channel, event.record_id)


def _stage(stage: str | None, chinese: str | None) -> str:
    return joined(stage, chinese) if stage else "new 新"
