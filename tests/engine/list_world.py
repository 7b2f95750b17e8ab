"""A small release with the tables of schema audience, made by hand: five people, of whom some have hostile names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger

STAFF = "staff_id,team,role,monthly_cost,outsourced,vendor,name_zh,name_en\n" + "".join(
    f"{code},t,{role},1,false,,{name},\n"
    for code, role, name in (("S1", "sales", "王芳"), ("S2", "sales", "李雷"), ("D1", "sdr", "李雷"))
)
# key, name, mobile, mail, title, company
PEOPLE: tuple[tuple[Any, ...], ...] = (
    (1, "张三", "+8613912345678", "zhang@a.cn", "采购经理", "甲公司"),
    (2, "=cmd|' /C calc'!A1", "+8613800000002", "@sum(1)", "-2+3", "＝1+1"),
    (3, "李\n四", "+8613700000003", None, None, None),
    (4, None, None, None, None, "乙公司"),
    (5, "王五", "+8613600000005", "w@b.cn", "\t+1", "丙公司"),
)
CREATE = {
    "audience.segment": "segment varchar, name_zh varchar, name_en varchar, purpose varchar, owner varchar,"
    " audience varchar, person_count bigint, person_count_before bigint, came_count bigint, went_count bigint,"
    " rule_version varchar",
    "audience.segment_member": "segment varchar, one_id varchar, person_key bigint, since_date date,"
    " account_id varchar, owner_staff varchar",
    "audience.invite_event": "event_id varchar, name_zh varchar, name_en varchar, event_date date, seats bigint,"
    " fitting_count bigint, invited_count bigint, left_out_count bigint",
    "audience.invite_list": "event_id varchar, one_id varchar, person_key bigint, invite_no bigint,"
    " score decimal(18,3), topic_points decimal(18,3), product_points decimal(18,3), form_points decimal(18,3),"
    " place_points decimal(18,3), activity_points decimal(18,3), stage_points decimal(18,3), why_zh varchar,"
    " why_en varchar, inviter_staff varchar, inviter_basis varchar, touchpoint varchar",
    "audience.lead_handoff": "one_id varchar, person_key bigint, account_id varchar, step varchar,"
    " qualified_at timestamp, reason varchar, channel varchar, record_id_hash varchar, record_id_masked varchar,"
    " score decimal(18,3), owner_staff varchar, owner_basis varchar, sales_territory varchar, due_at timestamp,"
    " accepted_at timestamp, last_touch_at timestamp, is_overdue boolean, status varchar, return_reason varchar,"
    " behaviour_score decimal(18,3), sequence_score decimal(18,3), call_score decimal(18,3)",
    "audience.next_action": "one_id varchar, person_key bigint, account_id varchar, kind varchar, rule varchar,"
    " priority bigint, touchpoint varchar, content_id varchar, event_id varchar, scenario varchar, step_no bigint,"
    " owner_staff varchar, due_at timestamp, due_date date, why_zh varchar, why_en varchar",
    "identity.person_account": "person_key bigint, account_key bigint, is_current boolean",
    "identity.account": "account_key bigint, company_name varchar, email_domain varchar",
}
ROWS: dict[str, list[Mapping[str, Any]]] = {
    "audience.segment": [
        {"segment": "asleep_leads", "name_zh": "沉睡线索", "name_en": "Sleeping leads", "owner": "market",
         "person_count": 2, "person_count_before": 1, "came_count": 1, "went_count": 0},
        {"segment": "big_accounts", "name_zh": "大客户", "name_en": "Big accounts", "owner": None,
         "person_count": 0, "person_count_before": 0, "came_count": 0, "went_count": 0},
    ],
    "audience.segment_member": [
        {"segment": "asleep_leads", "one_id": "P1", "person_key": 1, "since_date": "2026-06-01", "owner_staff": "S1"},
        {"segment": "asleep_leads", "one_id": "P2", "person_key": 2, "since_date": "2026-06-20"},
    ],
    "audience.invite_event": [
        {"event_id": "E2", "name_zh": "机器人大会", "event_date": "2026-08-01", "seats": 100, "fitting_count": 1,
         "invited_count": 1, "left_out_count": 0},
        {"event_id": "E1", "name_zh": "传感器沙龙", "event_date": "2026-07-10", "seats": 20, "fitting_count": 3,
         "invited_count": 2, "left_out_count": 1},
    ],
    "audience.invite_list": [
        {"event_id": "E2", "one_id": "P1", "person_key": 1, "invite_no": 1, "score": 9},
        {"event_id": "E1", "one_id": "P5", "person_key": 5, "invite_no": 2, "score": 5, "inviter_staff": "D1"},
        {"event_id": "E1", "one_id": "P1", "person_key": 1, "invite_no": 1, "score": 8.5, "inviter_staff": "S1",
         "touchpoint": "wecom", "why_zh": "主题相符", "why_en": "fits the topic", "topic_points": 3.25},
    ],
    "audience.lead_handoff": [
        {"one_id": "P1", "person_key": 1, "step": "sdr_to_sales", "owner_staff": "S1", "status": "open",
         "due_at": "2026-07-01 10:00:00", "is_overdue": False, "score": 80, "behaviour_score": 60.5, "reason": "intent",
         "record_id_hash": "h", "record_id_masked": "K***"},
        {"one_id": "P1", "person_key": 1, "step": "marketing_to_sdr", "owner_staff": "D1", "status": "accepted",
         "due_at": "2026-06-01 10:00:00", "is_overdue": False, "score": 80},
        {"one_id": "P2", "person_key": 2, "step": "sdr_to_sales", "owner_staff": "S2", "status": "open",
         "due_at": "2026-06-29 16:30:00", "is_overdue": True, "score": 70},
        {"one_id": "P3", "person_key": 3, "step": "marketing_to_sdr", "status": "open", "is_overdue": True,
         "due_at": "2026-06-28 10:00:00", "score": 90},
    ],
    "audience.next_action": [
        {"one_id": "P4", "person_key": 4, "kind": "send_content", "priority": 140, "touchpoint": "wecom",
         "owner_staff": "D1", "content_id": "X-1", "due_date": "2026-07-03", "why_zh": "触达不足"},
        {"one_id": "P5", "person_key": 5, "kind": "resolve_ticket", "priority": 10, "owner_staff": "S1",
         "due_date": "2026-06-30", "why_zh": "工单已超时", "why_en": "A ticket is overdue."},
        {"one_id": "P1", "person_key": 1, "kind": "send_content", "priority": 140, "due_date": "2026-07-03"},
    ],
    "identity.person_account": [{"person_key": 1, "account_key": 7, "is_current": True},
                                {"person_key": 1, "account_key": 8, "is_current": False}],
    "identity.account": [{"account_key": 7, "company_name": "甲集团"}, {"account_key": 8, "company_name": "旧公司"}],
}  # fmt: skip


def make_world(root: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]] | None = None) -> Settings:
    """Write a warehouse with one release. `rows` replace those of single tables."""
    release = root / "warehouse" / "releases" / "2026-06-30-000001"
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(json.dumps({"as_of": "2026-06-30", "run_id": 1}), encoding="utf-8")
    (root / "warehouse" / "current").symlink_to(Path("releases") / release.name)
    _write(release / "siyu.duckdb", {**ROWS, **(rows or {})}, is_public=True)
    _write(release / "siyu_restricted.duckdb", {}, is_public=False)
    (release / "siyu_restricted.duckdb").chmod(0o600)
    exports = root / "exports" / "reference"
    exports.mkdir(parents=True)
    (exports / "staff.csv").write_text(STAFF, encoding="utf-8")
    Ledger(root / "warehouse" / "ledger.sqlite").close()
    return load_settings(root, warehouse=root / "warehouse", exports=root / "exports", threads=2)


def _write(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, is_public: bool) -> None:
    with duckdb.connect(str(path)) as con:
        for schema in ("audience", "identity"):
            con.execute(f"create schema {schema}")
        for name, columns in CREATE.items() if is_public else ():
            con.execute(f"create table {name} ({columns})")
            for row in rows[name]:
                marks = ", ".join("?" * len(row))
                con.execute(f"insert into {name} ({', '.join(row)}) values ({marks})", list(row.values()))
        _write_people(con, "_masked" if is_public else "")


def _write_people(con: duckdb.DuckDBPyConnection, suffix: str) -> None:
    names = [f"{name}{suffix} varchar" for name in ("full_name", "mobile", "email")]
    con.execute(
        f"create table identity.person (person_key bigint, {', '.join(names)}, title varchar, company_name varchar)"
    )
    for key, *personal, title, company in PEOPLE:
        values = [f"{value[:1]}***" if value and suffix else value for value in personal]
        con.execute("insert into identity.person values (?, ?, ?, ?, ?, ?)", [key, *values, title, company])
