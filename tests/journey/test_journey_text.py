"""The page that `siyu journey` writes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.journey import Story, as_data
from siyu.ask.journey_events import Event, Whose, day_end
from siyu.ask.journey_text import SHOWN, fold, told_story

ZONE = ZoneInfo("Asia/Shanghai")
WHOSE = Whose("P1", 1, ZONE, day_end(date(2026, 6, 30), ZONE))
RECORD = {"channel": "website", "record_id": "events:E1"}
START = datetime(2026, 5, 1, 2, 0)  # 10:00 in Shanghai


def score(points: str, decay: str = "1", listed: str | None = None) -> dict[str, Any]:
    return {
        "rule": "view", "listed_points": Decimal(listed or points), "points": Decimal(points), "halvings": 0,
        "decay": Decimal(decay), "score": Decimal(points) * Decimal(decay),
    }  # fmt: skip


def touch(at: datetime, channel: str = "website", **told: Any) -> Event:
    facts = {
        "direction": "inbound", "behaviour": "view", "action": "page_view", "outcome": None, "scene": None,
        "product_id": None, "content_id": None, "content_stage": None, "campaign_id": None, "staff_id": None,
        "user_agent": None, "score": None,
    }  # fmt: skip
    return WHOSE.event("touch", at, {"channel": channel, "record_id": f"events:{at:%H%M%S}"}, **(facts | told))


def move(at: datetime, direction: str = "forward", **told: Any) -> Event:
    facts = {
        "from_stage": "visitor", "from_zh": "访客", "to_stage": "intent", "to_zh": "意向客户", "to_rank": 4,
        "direction": direction, "reason": "behaviours", "skipped": 2,
    }  # fmt: skip
    return WHOSE.event("move", at, RECORD, **(facts | told))


def deal(at: datetime, change: str, amount: str | None, line: int = 1, **told: Any) -> Event:
    facts = {"deal_id": "M1", "amount": None if amount is None else Decimal(amount), "change": change}
    return WHOSE.event("deal", at, {"channel": "mall", "record_id": f"items:M1|{line}"}, **facts, **told)


def story(*events: Event, **told: Any) -> Story:
    head: dict[str, Any] = {
        "one_id": "P1", "person": {"full_name": "王宁", "title": None, "company_name": None}, "account": None,
        "stage": None, "path": [], "score": None, "exclusions": [], "partner": None, "scenarios": [],
        "tags": [],
    } | told.pop("head", {})  # fmt: skip
    facts: dict[str, Any] = {"timezone": "Asia/Shanghai", "currency": "CNY", "asked": "P1"} | told
    return Story(release="2026-06-30-000001", as_of=date(2026, 6, 30), head=head, events=tuple(events), **facts)


def test_similar_touches_of_a_day_are_one_line_and_other_days_and_channels_others() -> None:
    views = [touch(START + timedelta(minutes=10 * n), score=score("2", "0.5")) for n in range(3)]
    other = touch(START + timedelta(minutes=5), "wecom", behaviour="interact", action="chat")
    next_day = touch(START + timedelta(hours=15))
    folds = fold([views[0], other, *views[1:], next_day])
    assert [len(folded) for folded in folds] == [3, 1, 1]
    page = told_story(story(views[0], other, *views[1:], next_day), None)
    assert "◀ 10:00–10:20  3 views 浏览 on website: page_view ×3; 6 points 分 ×0.5 = 3 now 现值" in page
    assert "2026-05-01 Fri 周五" in page and "2026-05-02 Sat 周六\n  ◀ 01:00" in page


def test_what_happens_between_parts_a_run_and_is_told_where_it_was() -> None:
    events = [touch(START), move(START), touch(START + timedelta(hours=1)), touch(START + timedelta(hours=2))]
    assert [len(folded) for folded in fold(events)] == [1, 1, 2]
    lines = told_story(story(*events), None).splitlines()
    moved = next(n for n, line in enumerate(lines) if "══" in line)
    assert lines[moved].startswith("  ▲ 10:00") and "skips 跳过 2" in lines[moved]
    assert "website events:E1" in lines[moved] and "2 views" in lines[moved + 1]


def test_what_failed_is_not_folded_with_what_arrived() -> None:
    calls = [
        touch(START + timedelta(minutes=n), "crm", direction="outbound", behaviour="interact", action="call",
              outcome=outcome)
        for n, outcome in enumerate(["answered", "failed", "answered"])
    ]  # fmt: skip
    page = told_story(story(*calls), None)
    assert "▶ 10:00–10:02  2 interactions 互动 on crm: call answered 已接通 ×2" in page
    assert "▶ 10:01        interaction 互动 on crm: call failed 失败" in page


def test_points_say_what_decay_and_the_cap_did() -> None:
    capped = touch(START, score=score("4", listed="12"), content_id="CT-1", content_stage="selection")
    decayed = touch(START + timedelta(minutes=1), score=score("5", "0.25"), content_id="CT-2")
    page = told_story(story(capped, decayed), None)
    assert "content 内容 CT-1 (selection), CT-2" in page
    assert "9 points 分, decayed 衰减 = 5.25 now 现值 (daily cap 每日上限)" in page


def test_five_thousand_touches_are_readable_and_the_newest_are_shown() -> None:
    """Thirteen a day, of several sorts, one hour apart: not one by one."""
    sorts = [("view", "website"), ("interact", "wecom"), ("view", "website"), ("download", "website")]
    touches = [
        touch(START - timedelta(days=n // 13, hours=n % 13), sorts[n % 4][1], behaviour=sorts[n % 4][0])
        for n in range(5000)
    ]
    told = story(*sorted(touches, key=lambda event: event.at or datetime.min))
    page = told_story(told, SHOWN)
    lines = [line for line in page.splitlines() if line.startswith("  ◀")]
    assert len(lines) == SHOWN and "2026-05-01" in page
    everything = [line for line in told_story(told, None).splitlines() if line.startswith("  ◀")]
    assert everything[-SHOWN:] == lines and len(everything) < 2000
    hidden = len(everything) - SHOWN
    assert f"… {hidden} earlier lines 更早 (" in page and "--all" in page
    assert len(as_data(told)["timeline"]) == 5000


def test_lines_of_an_order_are_one_and_add_up() -> None:
    lines = [deal(START, "ordered", amount, line, status="shipped", product_id=f"P-{line}")
             for line, amount in enumerate(["1000.50", "234.33"], 1)]  # fmt: skip
    refunded = deal(START, "refunded", "-234.33", 3, product_id="P-2")
    page = told_story(story(*lines, refunded), None)
    assert "ordered 下单: M1; 1,234.83 CNY; 2 lines 行; product 产品 P-1, P-2; now 现 shipped 已发货" in page
    assert "refunded 退款: M1; -234.33 CNY" in page
    assert "won 商机赢单: M1  mall" in told_story(story(deal(START, "won", None)), None)


def test_links_exclusions_asks_sequences_and_sleep() -> None:
    link = {"touchpoint": "wecom", "touchpoint_zh": "企业微信", "holder_id": "S1"}
    exclusion = {"exclusion": "learner", "rule": "student_mail", "signal": "email_domain"}
    page = told_story(story(
        WHOSE.event("link", START, RECORD, change="begins", **link),
        WHOSE.event("link", START, RECORD, change="ends", end_reason="left", ended_by="person", **link),
        WHOSE.event("exclusion", START, RECORD, change="begins", is_overruled=True, overruled_by="ok", **exclusion),
        WHOSE.event("exclusion", START, {}, change="ends", is_overruled=False, overruled_by=None, **exclusion),
        WHOSE.event("ask", START, RECORD, campaign_id="C-1", action="live", ask_level=1, ask_zh="看直播",
                    ask_en="Watch live", behaviour="attend", content_id=None, score=score("4")),
        WHOSE.event("sequence", START, RECORD, sequence="attend_replay", sequence_zh="看回放", score=score("15")),
        WHOSE.event("dormancy", START, {}, change="begins"),
        WHOSE.event("dormancy", START, {}, change="ends"),
    ), None)  # fmt: skip
    for told in (
        "link begins 建立触达: wecom 企业微信 with S1",
        "link ends 失去触达: wecom 企业微信 with S1 (left, by person)",
        "exclusion begins 开始排除: learner 学习者 by rule student_mail, overruled 被豁免 by ok",
        "exclusion ends 结束排除: learner 学习者",
        "call to action 行动号召: Watch live 看直播 (level 级别 1); campaign 活动 C-1 live; 4 points",
        "sequence completed 完成序列: attend_replay 看回放; 15 points",
        "becomes dormant 进入沉睡",
        "active again 重新激活",
    ):
        assert told in page


def test_what_was_said_before_is_told_on_the_day_it_was_noted() -> None:
    facts = {
        "change": "changed", "moved_at": START, "from_stage": None, "from_zh": None, "to_stage": "visitor",
        "to_zh": "访客", "direction": "forward", "reason": "touch", "was_moved_at": START + timedelta(days=1),
        "was_from_stage": None, "was_from_zh": None, "was_reason": "touch", "was_channel": "crm",
        "was_record_id": "calls:1", "former_one_id": "P0",
    }  # fmt: skip
    page = told_story(story(Event(date(2026, 5, 9), None, "noted", "website", "events:E1", facts)), None)
    assert "2026-05-09 Sat 周六\n  ·              noted on 记于 2026-05-09: changed 更正; now 现为 new 新 →" in page
    assert "visitor 访客 2026-05-01 10:00 (touch 首次触点; website events:E1)" in page
    assert (
        "before 原为 new 新 → visitor 访客 2026-05-02 10:00 (touch 首次触点; crm calls:1); ID then 当时 ID P0" in page
    )


def test_the_head_says_how_the_person_stands() -> None:
    head = {
        "account": {"account_id": "C1", "company_name": "华阳机电", "since_at": START},
        "stage": {
            "stage": "intent", "stage_zh": "意向客户", "since_at": START, "days_in_stage": 60, "is_dormant": True,
            "dormant_since": START + timedelta(days=30), "content_stage": "selection", "is_lead": False,
        },
        "path": [{"to_stage": "intent", "to_zh": "意向客户", "direction": "forward", "moved_at": START}],
        "score": {"score": Decimal("62.500000000"), "behaviour_score": Decimal("40.5"),
                  "sequence_score": Decimal("15"), "call_score": Decimal("7.0")},
        "exclusions": [{"kind": "learner", "rule": "student_mail", "since_at": START, "why": "Mail of a student."}],
    }  # fmt: skip
    page = told_story(story(head=head, asked="mobile:13912345678", not_published=("links",)), None)
    assert page.startswith("P1  王宁  as of 2026-06-30\nasked for 查询: mobile:13912345678\ncompany 企业: C1  华阳机电")
    assert "stage now 阶段: intent 意向客户 since 2026-05-01 (60 days 天); dormant 沉睡 since 2026-05-31" in page
    assert "62.5 = behaviours 行为 40.5 + sequences 序列 15 + calls to action 行动号召 7" in page
    assert "excluded 排除: learner 学习者 by rule student_mail (Mail of a student), since 2026-05-01" in page
    assert "suitable content 适合内容: selection 选型" in page
    assert "not in this release 本版未发布: links" in page
    bare = told_story(story(since=date(2026, 6, 1), before_since=1), None)
    assert (
        "stage now 阶段: none 无" in bare and "1 event before 2026-06-01 left out" in bare and "nothing 无记录" in bare
    )


def test_a_business_day_ends_where_its_clock_says() -> None:
    assert day_end(date(2026, 6, 30), ZONE) == datetime(2026, 6, 30, 16)
    assert touch(datetime(2026, 6, 29, 16)).day == date(2026, 6, 30)
    assert not WHOSE.is_past(datetime(2026, 6, 30, 16)) and WHOSE.is_past(datetime(2026, 6, 30, 15, 59))
