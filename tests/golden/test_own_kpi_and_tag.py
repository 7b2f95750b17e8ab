"""A layer with a KPI and a tag of its own: three models, and their rows in the catalogs. No file of siyu is copied."""

from __future__ import annotations

import pytest

from tests.engine.tag_page import files
from tests.golden.shop import CONTACT, Shop

KPI = """/*
description: Sales of the day, without regard to amounts.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [sales]
*/
select
    d.business_date as as_of_date,  -- Business date.
    'sales' as kpi_code,  -- KPI.
    'total' as dimension,  -- Dimension.
    cast(null as varchar) as member,  -- Member.
    cast(count(r.record_id) as decimal(38, 2)) as numerator,  -- Sales of the day.
    cast(null as decimal(38, 2)) as denominator,  -- NULL: the KPI is a count.
    cast(count(r.record_id) as decimal(24, 6)) as value  -- Sales of the day.
from {{ ref('business_day') }} as d
left join {{ ref('revenue_line') }} as r on d.business_date = r.revenue_date
group by d.business_date
"""
TAG = """/*
description: Class 50, buyers 成交; whether a person has ever bought.
grain: [one_id, tag_code, tag_value]
*/
select
    p.one_id,  -- The person.
    'has_bought' as tag_code,  -- Tag.
    case when count(d.record_id) > 0 then 'yes' else 'no' end as tag_value,  -- Its value.
    cast(count(d.record_id) as decimal(18, 4)) as score,  -- Number of deals.
    max(d.occurred_at) as evidence_at,  -- Latest deal (UTC).
    max(d.channel) as evidence_channel,  -- Channel of a deal.
    count(distinct d.channel) as source_count  -- Number of channels with deals.
from {{ ref('person') }} as p
left join {{ ref('record_person') }} as r on p.person_key = r.person_key
left join {{ ref('deal') }} as d on r.channel = d.channel and r.record_id = d.record_id
group by p.one_id
"""
COMPANY_TAG = """/*
description: Class 50, buyers 成交; companies.
grain: [account_id, tag_code, tag_value]
*/
select
    account_id,  -- The company.
    'has_bought' as tag_code,  -- Tag.
    'no' as tag_value,  -- Its value.
    cast(null as decimal(18, 4)) as score,  -- None.
    cast(null as timestamp) as evidence_at,  -- None.
    cast(null as varchar) as evidence_channel,  -- None.
    cast(0 as bigint) as source_count  -- None.
from {{ ref('account') }}
"""
KPIS = """kpi_code,name_zh,name_en,family,formula,unit,direction,is_additive,is_stock,phase,owner,dimensions,model
sales,销售笔数,Sales,revenue,sales of the day,count,up,true,false,growth,sales,total,kpi.kpi_sales
"""
NAMES = "kpi_code,name_zh\nnet_revenue,净收入（含税）\n"
ROWS = {  # in addition to those of the page
    "layer/seeds/reference/tags.add.csv": 'has_bought,50,buyers,是否成交,Has bought,"person, account",activity,dynamic,'
    'false,"people, companies",,Whom to thank.,yes or no\n',
    "layer/seeds/reference/tag_values.add.csv": "has_bought,yes,1,是,Yes\nhas_bought,no,2,否,No\n",
}


@pytest.mark.families("kpi", "tags")
def test_three_models_and_their_catalog_rows_are_enough(shop: Shop) -> None:
    shop.write("layer/models/kpi/figures/kpi_sales.sql", KPI)
    shop.write("layer/models/tags/people/50_buyers.sql", TAG)
    shop.write("layer/models/tags/companies/50_buyers_account.sql", COMPANY_TAG)
    shop.write(
        "layer/models/staging/shop__contact.sql",
        CONTACT.replace("name as full_name", "name as full_name,\n    '上海小一机械有限公司' as company_name"),
    )
    shop.write("layer/seeds/reference/kpis.add.csv", KPIS)
    shop.write("exports/reference/kpis.add.csv", NAMES)
    for name, text in files().items():  # docs/add-a-tag.md
        rows = ROWS.get(name, "")
        shop.write(name, text + rows)
    shop.run("2026-06-01")
    assert shop.value("select value from kpi.kpi_value where kpi_code = 'sales' and as_of_date = '2026-06-01'") == 1
    assert shop.revenue() == "100.10"
    assert shop.value("select name_zh from kpi.kpi_catalog where kpi_code = 'sales'") == "销售笔数"
    assert shop.value("select name_zh from kpi.kpi_catalog where kpi_code = 'net_revenue'") == "净收入（含税）"
    assert shop.value("select count(*) from kpi.kpi_catalog where kpi_code = 'stage_conversion'") == 1
    tagged = "select string_agg(tag_value, ', ') from tags.person_tag as t join ops.tag_rule as r using (rule_version)"
    assert shop.value(f"{tagged} where t.tag_code = 'has_bought' and r.model = 'tags.50_buyers'") == "yes"
    reads = "select source_models from ops.tag_rule where tag_code = 'has_bought' and level ="
    assert shop.value(f"{reads} 'person'") == "identity.person, identity.record_person, records.deal"
    assert shop.value(f"{reads} 'account'") == "identity.account"
    company = "select tag_value || ' ' || rule_version from tags.account_tag where tag_code = 'has_bought'"
    version = "select rule_version from ops.tag_rule where tag_code = 'has_bought' and level = 'account'"
    assert shop.value(company) == f"no {shop.value(version)}"
    assert shop.value("select coverage_rate from tags.tag_catalog where tag_code = 'has_bought'") == 1
    page = "select string_agg(tag_code || ' ' || rule_version, ', ' order by tag_code) from {} where tag_code"
    page += " in ('channel_habit', 'show_fan')"
    assert shop.value(page.format("tags.tag_catalog")) == shop.value(page.format("ops.tag_rule"))
    own = "select {} from tags.{} where tag_code = '{}'"
    assert shop.value(own.format("value_list", "tag_catalog", "channel_habit")) == "one, some, many"
    assert shop.value(own.format("status || ': ' || missing", "tag_catalog", "show_fan")) == (
        "uncomputable: no channel fills touch"
    )
    assert shop.value(own.format("max(name_zh)", "tag_member", "show_fan")) == "粉丝"
    columns = "select count(*) from ops.column where model = 'tags.person_profile' and column_name in"
    assert shop.value(f"{columns} ('channel_habit', 'show_fan', 'has_bought')") == 3
    assert shop.value("select has_bought from tags.person_profile") == "yes"
    assert shop.value(own.format("reason", "tag_history", "has_bought") + " and level = 'person'") == "data"
