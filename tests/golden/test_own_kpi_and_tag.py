"""A layer with a KPI and a tag of its own: two models, and their rows in the catalogs. No file of siyu is copied."""

from __future__ import annotations

from tests.golden.shop import Shop

KPI = """/*
description: Sales of the day, without regard to amounts.
grain: [as_of_date, kpi_code, dimension, member]
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
KPIS = """kpi_code,name_zh,name_en,family,formula,unit,direction,is_additive,phase,owner,dimensions,model
sales,销售笔数,Sales,revenue,sales of the day,count,up,true,growth,sales,total,kpi.kpi_sales
net_revenue,净收入（含税）,Net revenue,revenue,,amount,up,true,growth,,"total, channel, campaign",kpi.kpi_revenue
"""
TAGS = """tag_code,class_no,class,name_zh,name_en,level,kind,mode,value_list,decision
has_bought,50,buyers,是否成交,Has bought,person,activity,dynamic,"yes, no",Whom to thank.
"""


def test_two_models_and_their_catalog_rows_are_enough(shop: Shop) -> None:
    shop.write("layer/models/kpi/figures/kpi_sales.sql", KPI)
    shop.write("layer/models/tags/people/50_buyers.sql", TAG)
    shop.write("layer/seeds/reference/kpis.add.csv", KPIS)
    shop.write("layer/seeds/reference/tags.add.csv", TAGS)
    shop.run("2026-06-01")
    assert shop.value("select value from kpi.kpi_value where kpi_code = 'sales' and as_of_date = '2026-06-01'") == 1
    assert shop.revenue() == "100.10"
    assert shop.value("select name_zh from kpi.kpi_catalog where kpi_code = 'sales'") == "销售笔数"
    assert shop.value("select name_zh from kpi.kpi_catalog where kpi_code = 'net_revenue'") == "净收入（含税）"
    assert shop.value("select count(*) from kpi.kpi_catalog where kpi_code = 'stage_conversion'") == 1
    tagged = "select string_agg(tag_value, ', ') from tags.person_tag as t join ops.model as m using (rule_version)"
    assert shop.value(f"{tagged} where t.tag_code = 'has_bought' and m.model = 'tags.50_buyers'") == "yes"
    assert shop.value("select coverage_rate from tags.tag_catalog where tag_code = 'has_bought'") == 1
