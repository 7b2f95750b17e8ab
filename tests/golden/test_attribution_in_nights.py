"""Attribution over nights: when two people turn out to be one, the credit of past deals moves, and comes back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from siyu.report.summary import Report
from tests.golden.shop import CONTRACT, Shop, only_models, only_suites

VISITS = """  visits:
    files: "visits*.csv"
    format: csv
    key: [visit_id]
    version: visited_at
    columns:
      visit_id:   {type: text, required: true}
      contact_id: {type: text}
      visited_at: {type: timestamp, required: true}
"""
TOUCH = """/*
description: Visits of the shop.
grain: [record_id]
*/
select
    'shop' as channel,
    'visits:' || visit_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    visited_at as occurred_at,
    'view' as behaviour,
    'visit' as action,
    'inbound' as direction
from {{ source('shop', 'visits') }}
"""
RULES = "decision,left_id,right_id,decided_at,decided_by,reason\n"
LINK = "link,crm_contact_id:k1,crm_contact_id:k2,2026-06-02,li,one person\n"
UNLINK = "unlink,crm_contact_id:k1,crm_contact_id:k2,2026-06-03,li,two after all\n"


def _attributed(shop: Shop) -> dict[tuple[str, Any], tuple[Decimal, Decimal]]:
    """(model, minute of the touch) -> share and amount of the only deal."""
    query = "select model, strftime(touched_at, '%d %H:%M'), share, amount from kpi.attribution where deal_id = 's1'"
    return {(model, at): (share, amount) for model, at, share, amount in shop.rows(query, "siyu.duckdb")}


def _hash(report: Report) -> object:
    return report.manifest["tables"]["kpi.attribution"]


@pytest.mark.families("kpi")
def test_a_merge_moves_the_credit_of_past_deals_and_taking_it_back_returns_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites("kpi/attribution*"))
    monkeypatch.setattr("siyu.night.opening.compile_project", only_models("kpi.attribution"))
    shop.write("layer/seeds/channels/shop.yml", CONTRACT + VISITS)
    shop.write("layer/models/staging/shop__touch.sql", TOUCH)
    shop.write(
        "exports/shop/contacts_20260601.csv",
        "contact_id,name,mobile,updated_at\nk1,王,13900000001,2026-06-01 10:00:00\n"
        "k2,王,13900000002,2026-06-01 10:00:00\n",
    )
    # k1 buys on 1 June. Both came before; k2 came last, a moment after the deal once more.
    shop.write(
        "exports/shop/visits_1.csv",
        "visit_id,contact_id,visited_at\nv1,k1,2026-05-25 09:00:00\nv2,k2,2026-05-20 09:00:00\n"
        "v3,k2,2026-06-01 10:59:00\nv4,k2,2026-06-01 11:00:01\n",
    )
    first = shop.run("2026-06-01")
    apart = _attributed(shop)
    whole, amount = Decimal(1), Decimal("100.10")
    assert apart == dict.fromkeys(
        ((m, "25 01:00") for m in ("first", "last", "linear", "position", "time_decay", "shapley")), (whole, amount)
    )

    shop.write("exports/reference/identity_rules.csv", RULES + LINK)
    second = shop.run("2026-06-02")
    joined = _attributed(shop)
    assert joined["first", "20 01:00"] == joined["last", "01 02:59"] == (whole, amount)
    linear = {at: share for (model, at), (share, _) in joined.items() if model == "linear"}
    third = Decimal("0.333333333333")
    assert linear == {"20 01:00": third, "25 01:00": third, "01 02:59": third + Decimal("1e-12")}
    assert joined["position", "25 01:00"] == (Decimal("0.2"), Decimal("20.02"))

    shop.write("exports/reference/identity_rules.csv", RULES + LINK + UNLINK)
    last = shop.run("2026-06-03")
    assert _attributed(shop) == apart
    assert _hash(first) == _hash(last) != _hash(second)
    for night in (first, second, last):
        checked = [check for check in night.checks if check.table_name.startswith("kpi.attribution")]
        assert len(checked) > 30 and all(check.success for check in checked)
