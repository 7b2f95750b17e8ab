"""ops.field_reject: what staging takes for no valid value is counted where it stood, and nothing else is."""

from __future__ import annotations

import duckdb
import pytest

from siyu.errors import ConfigError
from tests.golden.shop import Shop

CONTRACT = """
channel: desk
title: 前台 Desk
domain: private
owner: tests
exports:
  visits:
    files: "visits*.csv"
    format: csv
    key: [visit_id]
    columns:
      visit_id:  {type: text, required: true}
      mobile:    {type: text, pii: direct}
      other:     {type: text, pii: direct}
      email:     {type: text, pii: direct}
      is_staff:  {type: boolean}
      seen_at:   {type: timestamp}
  calls:
    files: "calls*.csv"
    format: csv
    key: [call_id]
    columns:
      call_id:   {type: text, required: true}
      caller:    {type: text, pii: direct}
      called_at: {type: timestamp, required: true}
"""
# A CTE, a join, a filter, two fields for one identifier, a union of two exports.
CONTACT = """/*
description: Who came and who called.
grain: [record_id]
*/
with

guests as (
    select
        v.visit_id,
        coalesce({{ normal_mobile('v.mobile') }}, {{ normal_mobile('v.other') }}) as mobile,
        v.email,
        v.seen_at,
        v._landed_seq
    from {{ source('desk', 'visits') }} as v
    where not coalesce(v.is_staff, false)
)

select
    'desk' as channel,
    'visits:' || visit_id as record_id,
    _landed_seq as landed_seq,
    mobile,
    {{ normal_email('email') }} as email,
    seen_at as observed_at
from guests
union all
select
    'desk' as channel,
    'calls:' || call_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_mobile('caller') }} as mobile,
    null as email,
    called_at as observed_at
from {{ source('desk', 'calls') }}
"""
VISITS = """visit_id,mobile,other,email,is_staff,seen_at
1,13900000001,,a@firm.cn,,2026-06-01 10:00
2,1390000000,13900000002,,no,2026-06-01 10:00
3,021-5555,n/a,a at firm,no,2026-06-01 10:00
4,nonsense,,not mail,yes,2026-06-01 10:00
5,,,"  ",no,
"""
CALLS = """call_id,caller,called_at
1,withheld,2026-06-01 10:00
2,withheld,2026-06-01 11:00
3,+86 139 0000 0001,2026-06-01 12:00
"""


@pytest.fixture
def desk(shop: Shop) -> Shop:
    shop.write("layer/seeds/channels/desk.yml", CONTRACT)
    shop.write("layer/models/staging/desk__contact.sql", CONTACT)
    shop.write("exports/desk/visits.csv", VISITS)
    shop.write("exports/desk/calls.csv", CALLS)
    return shop


def test_refused_fields_are_counted_by_field(desk: Shop) -> None:
    desk.run("2026-06-01", channels=("desk",))
    con = duckdb.connect(str(desk.root / "warehouse" / "current" / "siyu.duckdb"), read_only=True)
    assert con.execute("from ops.field_reject order by all").fetchall() == [
        ("desk", "calls", "caller", "no mobile number", 2),
        ("desk", "visits", "email", "no mail address", 1),
        ("desk", "visits", "mobile", "no mobile number", 2),
        ("desk", "visits", "observed_at", "no date or time: the record is left out", 1),
        ("desk", "visits", "other", "no mobile number", 1),
    ]
    assert con.execute("select count(*) from records.contact").fetchall() == [(6,)]


def test_a_checked_value_that_cannot_be_counted_is_told(desk: Shop) -> None:
    calls = "{{ source('desk', 'calls') }} as k where k.call_id = visit_id"
    inner = f"(select max({{{{ normal_mobile('k.caller') }}}}) from {calls}) as mobile"
    model = CONTACT.replace("    mobile,\n", f"    {inner},\n", 1)
    desk.write("layer/models/staging/desk__contact.sql", model)
    with pytest.raises(ConfigError, match="cannot be counted"):
        desk.run("2026-06-01", channels=("desk",))


def test_branches_of_one_export_add_up(desk: Shop) -> None:
    branch = """select 'desk' as channel, 'calls:' || call_id as record_id, _landed_seq as landed_seq,
    {{ normal_mobile('caller') }} as mobile, called_at as observed_at
    from {{ source('desk', 'calls') }} where call_id"""
    header = CONTACT[: CONTACT.index("*/") + 2]
    model = f"{header}\n{branch} = '1'\nunion all\n{branch} <> '1'\n"
    desk.write("layer/models/staging/desk__contact.sql", model)
    desk.run("2026-06-01", channels=("desk",))
    assert desk.value("select row_count from ops.field_reject where field = 'caller'") == 2


def test_words_for_nothing_are_counted_without_a_word_of_the_staging_model(desk: Shop) -> None:
    desk.write("exports/desk/calls.csv", "call_id,caller,called_at\n" + "".join(
        f"{number},{caller},2026-06-01 10:00\n"
        for number, caller in enumerate(("null", "(NULL)", "微信用户", "m-1", "m-1 ", "", "13900000001"))
    ))  # fmt: skip
    model = f"""{CONTACT[: CONTACT.index("*/") + 2]}
select
    'desk' as channel, 'calls:' || call_id as record_id, _landed_seq as landed_seq,
    caller as member_id, caller as full_name, called_at as observed_at
from {{{{ source('desk', 'calls') }}}}
"""
    desk.write("layer/models/staging/desk__contact.sql", model)
    desk.run("2026-06-01", channels=("desk",))
    con = duckdb.connect(str(desk.root / "warehouse" / "current" / "siyu_restricted.duckdb"), read_only=True)
    reason = "a placeholder, such as null or 未填写"
    public = duckdb.connect(str(desk.root / "warehouse" / "current" / "siyu.duckdb"), read_only=True)
    counted = public.execute("select export, field, reason, row_count from ops.field_reject order by all")
    assert counted.fetchall() == [
        ("calls", "full_name", reason, 4),
        ("calls", "member_id", reason, 2),
    ]
    known = con.execute("select id_value, status from identity.identifier where id_type = 'member_id' order by 1")
    assert [row for row in known.fetchall() if row[0] != "13900000001"] == [
        ("(NULL)", "blocked"),
        ("m-1", "used"),
        ("null", "blocked"),
        ("微信用户", "invalid"),
    ]
    assert con.execute("select count(distinct one_id), count(*) - count(one_id) from identity.record_person"
                       " where record_id like 'calls:%'").fetchall() == [(2, 4)]  # fmt: skip
