"""ops.field_reject: what staging takes for no valid value is counted where it stood, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siyu.errors import ConfigError
from tests.golden.shop import FEW_SUITES, SALT, Shop, only_suites
from tests.shared import Shared

CONTRACT = """
channel: {name}
title: {name}
domain: private
owner: tests
exports:
  visits:
    files: "visits*.csv"
    format: csv
    key: [visit_id]
    columns:
      visit_id:  {{type: text, required: true}}
      mobile:    {{type: text, pii: direct}}
      other:     {{type: text, pii: direct}}
      email:     {{type: text, pii: direct}}
      is_staff:  {{type: boolean}}
      seen_at:   {{type: timestamp}}
  calls:
    files: "calls*.csv"
    format: csv
    key: [call_id]
    columns:
      call_id:   {{type: text, required: true}}
      caller:    {{type: text, pii: direct}}
      called_at: {{type: timestamp, required: true}}
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


HEADER = CONTACT[: CONTACT.index("*/") + 2]
BRANCH = """select 'branches' as channel, 'calls:' || call_id as record_id, _landed_seq as landed_seq,
    {{ normal_mobile('caller') }} as mobile, called_at as observed_at
    from {{ source('branches', 'calls') }} where call_id"""
BRANCHES = f"{HEADER}\n{BRANCH} = '1'\nunion all\n{BRANCH} <> '1'\n"
WORDS = f"""{HEADER}
select
    'words' as channel, 'calls:' || call_id as record_id, _landed_seq as landed_seq,
    caller as member_id, caller as full_name, called_at as observed_at
from {{{{ source('words', 'calls') }}}}
"""
CALLERS = ("null", "(NULL)", "微信用户", "m-1", "m-1 ", "", "13900000001")
CALLS_OF_WORDS = "call_id,caller,called_at\n" + "".join(
    f"{number},{caller},2026-06-01 10:00\n" for number, caller in enumerate(CALLERS)
)


def _add(shop: Shop, name: str, model: str, calls: str) -> None:
    shop.write(f"layer/seeds/channels/{name}.yml", CONTRACT.format(name=name))
    shop.write(f"layer/models/staging/{name}__contact.sql", model)
    shop.write(f"exports/{name}/visits.csv", VISITS)
    shop.write(f"exports/{name}/calls.csv", calls)


@pytest.fixture(scope="module")
def desks(shared: Shared) -> Shop:
    """A night of three channels: each of the tests looks at one."""
    return shared.once("refused_fields", _run)


def _run(root: Path) -> Shop:
    shop = Shop(root)
    _add(shop, "desk", CONTACT, CALLS)
    _add(shop, "branches", BRANCHES, CALLS)
    _add(shop, "words", WORDS, CALLS_OF_WORDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        patch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES))
        shop.run("2026-06-01", channels=("desk", "branches", "words"))
    return shop


def _refused(desks: Shop, channel: str) -> list[tuple[Any, ...]]:
    told = f"select export, field, reason, row_count from ops.field_reject where channel = '{channel}' order by all"
    return desks.rows(told, "siyu.duckdb")


def test_refused_fields_are_counted_by_field(desks: Shop) -> None:
    assert _refused(desks, "desk") == [
        ("calls", "caller", "no mobile number", 2),
        ("visits", "email", "no mail address", 1),
        ("visits", "mobile", "no mobile number", 2),
        ("visits", "observed_at", "no date or time: the record is left out", 1),
        ("visits", "other", "no mobile number", 1),
    ]
    assert desks.value("select count(*) from records.contact where channel = 'desk'") == 6


def test_a_checked_value_that_cannot_be_counted_is_told(shop: Shop) -> None:
    calls = "{{ source('desk', 'calls') }} as k where k.call_id = visit_id"
    inner = f"(select max({{{{ normal_mobile('k.caller') }}}}) from {calls}) as mobile"
    _add(shop, "desk", CONTACT.replace("    mobile,\n", f"    {inner},\n", 1), CALLS)
    with pytest.raises(ConfigError, match="cannot be counted"):
        shop.run("2026-06-01", channels=("desk",))


def test_branches_of_one_export_add_up(desks: Shop) -> None:
    assert _refused(desks, "branches") == [("calls", "caller", "no mobile number", 2)]


def test_words_for_nothing_are_counted_without_a_word_of_the_staging_model(desks: Shop) -> None:
    reason = "a placeholder, such as null or 未填写"
    assert _refused(desks, "words") == [("calls", "full_name", reason, 4), ("calls", "member_id", reason, 2)]
    known = desks.rows("select id_value, status from identity.identifier where id_type = 'member_id' order by 1")
    assert [row for row in known if row[0] != "13900000001"] == [
        ("(NULL)", "blocked"),
        ("m-1", "used"),
        ("null", "blocked"),
        ("微信用户", "invalid"),
    ]
    of_calls = "identity.record_person where channel = 'words' and record_id like 'calls:%'"
    assert desks.rows(f"select count(distinct one_id), count(*) - count(one_id) from {of_calls}") == [(2, 4)]
