"""A small release with candidates, made by hand: six people and two companies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger

RELEASE = "2026-06-30-000001"
PEOPLE = {number: f"P{number:020x}" for number in range(1, 7)}
COMPANIES = {number: f"C{number:020x}" for number in (1, 2)}
# person, name, title, company, mobile
GOLDEN = (
    (1, "张三", "采购经理", "甲公司", "+8613900000001"), (2, "张三", None, "甲公司", "+8613900000002"),
    (3, "李四", None, None, None), (4, "=李四", None, "乙公司", "+8613900000004"),
    (5, "王五", None, None, None), (6, "赵六", "总监", "丙公司", None),
)  # fmt: skip
# node, type, value, owner. The first of an owner is its oldest.
IDENTIFIERS = (
    (1, "crm_contact_id", "K1", 1), (2, "mobile", "+8613900000001", 1), (3, "member_id", "m2", 2),
    (4, "mobile", "+8613900000002", 2), (5, "crm_contact_id", "K3", 3),
    (6, "unionid", "o0000000000000000000000000A3", 3), (7, "crm_contact_id", "K4", 4),
    (8, "unionid", "o0000000000000000000000000A4", 4), (9, "crm_contact_id", "K5", 5), (10, "member_id", "m5", 5),
    (11, "crm_contact_id", "K6", 6),
)  # fmt: skip
NAMES = ((21, "上海华阳机电", 1), (22, "上海华扬机电", 2))
# channel, record, person, company, shape, moment
RECORDS = (
    ("crm", "contacts:K1", 1, None, "contact", "2026-01-01"), ("crm", "contacts:K1b", 1, None, "contact", "2026-03-01"),
    ("website", "events:e1", 1, None, "touch", "2026-06-01"), ("mall", "orders:o1#1", 1, None, "deal", "2026-05-01"),
    ("mall", "members:m2#1", 2, None, "contact", "2026-02-01"),
    ("website", "events:e3", 3, None, "touch", "2026-02-02"),
    ("website", "events:e3b", 3, None, "touch", "2026-02-01"), ("crm", "contacts:K4", 4, 1, "contact", "2026-02-01"),
    ("crm", "contacts:K5", 5, None, "contact", "2026-02-01"), ("mall", "members:m5", 5, None, "contact", "2026-04-01"),
    ("wecom", "members:w6", 6, None, "", ""),
    ("crm", "accounts:A1", None, 1, "company", "2026-01-01"),
    ("exhibition", "leads:L2", None, 2, "company", "2026-01-02"),
)  # fmt: skip
CANDIDATES: tuple[dict[str, Any], ...] = (
    {"candidate_id": "K0000000000a1", "score": 0.998, "generators": "rare_name, same_company", "left": 1, "right": 2,
     "found_for": "same_name, same_company", "text_for": "same name 张三; same company 甲公司",
     "text_for_zh": "姓名相同：张三；公司相同：甲公司", "found_against": "other_mobile",
     "text_against": "other mobiles: +8613900000001 and +8613900000002", "text_against_zh": "手机号不同",
     "left_deal_count": 1, "right_deal_count": 2, "deal_amount": 12345.6, "kpis": "buyers, mau"},
    {"candidate_id": "K0000000000b2", "score": 0.9, "generators": "rare_name", "left": 3, "right": 4,
     "found_for": "same_name", "text_for": "same name 李四; alias", "text_for_zh": "姓名相同：李四"},
    {"candidate_id": "K1000000000c3", "score": 0.8, "generators": "near_company", "left": 1, "right": 2,
     "entity": "company", "found_for": "near_core",
     "text_for": "names that differ in one letter: 华阳机电 and 华扬机电",
     "text_for_zh": "名称差一字：华阳机电、华扬机电", "kpis": "tag_coverage"},
    {"candidate_id": "K1000000000d4", "score": 0.75, "generators": "near_name", "left": 1, "right": 3,
     "found_for": "same_sound", "text_for": "names that sound the same", "text_for_zh": "姓名同音"},
    {"candidate_id": "K1000000000e5", "score": 0.7, "generators": "near_name", "left": 2, "right": 6,
     "found_for": "same_sound", "text_for": "names that sound the same", "text_for_zh": "姓名同音", "status": "unsure"},
    {"candidate_id": "K2000000000f6", "score": 0.99, "generators": "rare_name", "left": 5, "right": 5,
     "found_for": "same_name", "text_for": "same name 王五", "text_for_zh": "姓名相同：王五", "status": "joined"},
)  # fmt: skip
CREATE = {
    "candidate": "candidate_id varchar, candidate_no bigint, entity varchar, status varchar, score decimal(4,3),"
    " generators varchar, left_id varchar, right_id varchar, left_type varchar, left_value varchar, right_type varchar,"
    " right_value varchar, found_for varchar, found_against varchar, text_for varchar, text_against varchar,"
    " text_for_zh varchar, text_against_zh varchar, left_record_count bigint, right_record_count bigint,"
    " left_deal_count bigint, right_deal_count bigint, deal_amount decimal(18,2), kpis varchar, unsure_at timestamp",
    "one_id": "id_type varchar, id_value varchar, node bigint, person_key bigint, one_id varchar, strength bigint,"
    " first_landed_seq bigint, is_anchor boolean, is_contested boolean",
    "account_id": "id_type varchar, id_value varchar, node bigint, account_key bigint, account_id varchar,"
    " strength bigint, first_landed_seq bigint, is_anchor boolean, is_contested boolean, is_short_name boolean",
    "identifier": "entity varchar, id_type varchar, id_value varchar, id_value_hash varchar, status varchar,"
    " node bigint, first_landed_seq bigint, first_seen_at timestamp, last_seen_at timestamp, record_count bigint,"
    " channels varchar",
    "identity_rule": "rule_no bigint, decision varchar, left_type varchar, left_value varchar, right_type varchar,"
    " right_value varchar, decided_at timestamp, decided_by varchar, reason varchar, origin varchar, effect varchar,"
    " effect_zh varchar",
    "identity_audit": "subject varchar, reason varchar, reason_zh varchar, id_type varchar, id_value varchar,"
    " other_id_type varchar, counted bigint, allowed bigint, detail varchar, sample varchar",
    "company_name": "company_name varchar, name_key varchar, account_id varchar, resolution varchar,"
    " record_count bigint",
    "person": "one_id varchar, person_key bigint, full_name varchar, title varchar, company_name varchar,"
    " mobile varchar, email varchar",
    "account": "account_id varchar, account_key bigint, company_name varchar, credit_code varchar,"
    " email_domain varchar, province varchar",
    "record_person": "channel varchar, record_id varchar, record_id_hash varchar, person_key bigint, one_id varchar,"
    " account_key bigint, account_id varchar, account_basis varchar",
}
MOMENTS = {"contact": "observed_at", "company": "observed_at", "touch": "occurred_at", "deal": "occurred_at"}


def make_world(root: Path) -> Settings:
    """Write a warehouse with one release, and an empty folder of exports."""
    release = root / "warehouse" / "releases" / RELEASE
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(json.dumps({"as_of": "2026-06-30", "run_id": 1}), encoding="utf-8")
    (root / "warehouse" / "current").symlink_to(Path("releases") / RELEASE)
    with duckdb.connect(str(release / "siyu_restricted.duckdb")) as con:
        con.execute("create schema identity")
        for name, columns in CREATE.items():
            con.execute(f"create table identity.{name} ({columns})")
        _write_people(con)
        _write_owners(con)
        _insert(con, "identity.candidate", [_candidate(row, number) for number, row in enumerate(CANDIDATES, start=1)])
    with duckdb.connect(str(release / "siyu.duckdb")) as con:
        con.execute("create schema records")
        _write_records(con)
    (root / "exports" / "reference").mkdir(parents=True)
    Ledger(root / "warehouse" / "ledger.sqlite").close()
    return load_settings(root, warehouse=root / "warehouse", exports=root / "exports", threads=2)


def _candidate(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    told = {key: value for key, value in row.items() if key not in ("left", "right")}
    made = {"candidate_no": number, "entity": "person", "status": "open", "deal_amount": 0, **told}
    for side, place in (("left", 0), ("right", -1)):
        if made["entity"] == "person":
            own = [one for one in IDENTIFIERS if one[3] == row[side]]
            _, id_type, value, _ = own[place if row["left"] == row["right"] else 0]
            one_id = PEOPLE[row[side]]
        else:
            id_type, value, one_id = "company_name", NAMES[row[side] - 1][1], COMPANIES[row[side]]
        made |= {f"{side}_id": one_id, f"{side}_type": id_type, f"{side}_value": value, f"{side}_record_count": 3}
        made.setdefault(f"{side}_deal_count", 0)
    return made


def _write_people(con: duckdb.DuckDBPyConnection) -> None:
    names = ("person_key", "full_name", "title", "company_name", "mobile")
    people = [dict(zip(names, row, strict=True)) for row in GOLDEN]
    _insert(con, "identity.person", [{**row, "one_id": PEOPLE[row["person_key"]]} for row in people])
    seen: set[int] = set()
    for node, id_type, value, owner in IDENTIFIERS:
        own = {"id_type": id_type, "id_value": value, "node": node, "person_key": owner, "one_id": PEOPLE[owner]}
        _insert(con, "identity.one_id", [{**own, "is_anchor": owner not in seen, "strength": 1}])
        _insert(con, "identity.identifier", [_known("person", id_type, value, node)])
        seen.add(owner)
    for node, key, owner in NAMES:
        own = {"account_key": owner, "account_id": COMPANIES[owner]}
        named = {"id_type": "company_name", "id_value": key, "node": node, "is_anchor": True, "is_short_name": False}
        _insert(con, "identity.account_id", [{**own, **named, "strength": 1}])
        _insert(con, "identity.identifier", [_known("company", "company_name", key, node)])
        name = f"{key}有限公司"
        told = {"company_name": name, "name_key": key, "account_id": COMPANIES[owner], "resolution": "own"}
        _insert(con, "identity.company_name", [{**told, "record_count": 1}])
        _insert(con, "identity.account", [{**own, "company_name": name}])


def _write_owners(con: duckdb.DuckDBPyConnection) -> None:
    for channel, record, person, company, _, _ in RECORDS:
        row = {"channel": channel, "record_id": record, "record_id_hash": f"h{record}", "person_key": person}
        ids = {"one_id": PEOPLE.get(person or 0), "account_key": company, "account_id": COMPANIES.get(company or 0)}
        basis = {"account_basis": "record" if company else None}
        _insert(con, "identity.record_person", [{**row, **ids, **basis}])


def _known(entity: str, id_type: str, value: str, node: int) -> dict[str, Any]:
    told = {"entity": entity, "id_type": id_type, "id_value": value, "id_value_hash": f"h{value}", "node": node}
    return {**told, "status": "used", "record_count": 1, "channels": "crm"}


def _write_records(con: duckdb.DuckDBPyConnection) -> None:
    for shape, moment in MOMENTS.items():
        hashes = "crm_contact_id_hash varchar, member_id_hash varchar, company_name varchar"
        con.execute(
            f"create table records.{shape} (channel varchar, record_id_hash varchar, {moment} timestamp, {hashes})"
        )
    for channel, record, _, _, shape, moment in RECORDS:
        if shape:
            key = record.partition(":")[2]
            row = {"channel": channel, "record_id_hash": f"h{record}", MOMENTS[shape]: moment}
            name = {"K5": "crm_contact_id_hash", "m5": "member_id_hash"}.get(key)
            _insert(con, f"records.{shape}", [{**row, **({name: f"h{key}"} if name else {})}])


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        con.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))
