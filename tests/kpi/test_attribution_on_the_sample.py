"""The sample: models and plain Python give each touch the same part of each deal, to the cent."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.attribution_reference import MODELS, WHOLE, Attribution, Line, Rules, Touch, counts, tenures
from tests.kpi.revenue_reference import Revenue, local

pytestmark = pytest.mark.xdist_group("revenue_on_the_sample")


@pytest.fixture(scope="module")
def revenue(night: Ran) -> Iterator[Revenue]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Revenue(con)
    con.close()


@pytest.fixture(scope="module")
def attribution(revenue: Revenue) -> Attribution:
    return of_the_sample(revenue)


def of_the_sample(revenue: Revenue) -> Attribution:
    """Deals and touches from the sample's files; people and companies from the build database."""
    columns = "occurred_at, direction, behaviour, action, outcome, medium, campaign_id"
    touches: dict[int, list[Touch]] = defaultdict(list)
    for channel, record, *values in revenue.files.rows("touch", columns):
        row = dict(zip(columns.split(", "), values, strict=True))
        person, _ = revenue.owned.get((channel, record), (None, None))
        if person is not None and counts(row, Rules()):
            touches[person].append(Touch(row["occurred_at"], channel, record, person, row["campaign_id"]))
    roles = [row[0].lower() for row in revenue.files.table("buying_roles", "title_regex")]
    titles = revenue.rows("select person_key, lower(title) from identity.person where title is not null")
    return Attribution(
        lines=[
            Line(one.order, one.record[1], not one.is_order, one.at, one.person, one.account, one.amount)
            for one in revenue.lines
        ],
        touches=touches,
        tenures=tenures(
            revenue.rows("select person_key, account_key, valid_from_at, valid_to_at from identity.person_account")
        ),
        with_role={person for person, title in titles if any(re.search(role, title) for role in roles)},
        outsiders=revenue.outsiders,
        end=revenue.files.end,
    )


def test_every_touch_gets_the_same(revenue: Revenue, attribution: Attribution) -> None:
    people = dict(revenue.rows("select person_key, one_id from identity.person"))
    found = {
        row[:5]: row[5:]
        for row in revenue.rows(
            "select channel, deal_id, model, touch_channel, touch_record_id, deal_date, touched_at, touch_campaign_id,"
            " basis, one_id, share, amount from kpi.attribution"
        )
    }
    wanted = {
        key: (
            local(attribution.deals[key[0], key[1]].at), part.touch and part.touch.at,
            part.touch and part.touch.campaign, part.basis, part.touch and people[part.touch.person],
            Decimal(part.units) / WHOLE, Decimal(part.cents) / 100,
        )
        for key, part in attribution.rows().items()
    }  # fmt: skip
    assert {key: (one, found.get(key)) for key, one in wanted.items() if found.get(key) != one} == {}
    assert found.keys() == wanted.keys()
    assert {key[2] for key in found} == set(MODELS)


def test_every_model_adds_up_to_net_revenue(revenue: Revenue) -> None:
    deals = len({line.order for line in revenue.lines})
    net = sum(line.amount for line in revenue.lines)
    rows = revenue.rows("select model, sum(share), sum(amount) from kpi.attribution group by model")
    assert {model: (shares, amount) for model, shares, amount in rows} == dict.fromkeys(MODELS, (deals, net))


def test_the_hash_of_a_touch_leads_to_its_record(night: Ran, attribution: Attribution) -> None:
    con = duckdb.connect()
    for name, file in (("public", "siyu.duckdb"), ("restricted", "siyu_restricted.duckdb")):
        con.execute(f"attach '{night.settings.warehouse / 'current' / file}' as {name} (read_only)")
    rows = con.execute(
        "select a.channel, a.deal_id, a.model, a.touch_channel, r.record_id from public.kpi.attribution as a"
        " left join restricted.identity.record_person as r"
        " on a.touch_channel = r.channel and a.touch_record_id_hash = r.record_id_hash"
    ).fetchall()
    con.close()
    assert set(rows) == attribution.rows().keys()
    assert len(rows) == len(attribution.rows())
