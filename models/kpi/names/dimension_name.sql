/*
description: Names of the members of those KPI dimensions that have a table or a list of their own.
grain: [dimension, member]
*/
{{ config(published=false, materialized='view') }}
select
    'total' as dimension,  -- Dimension, as in kpi_value.
    cast(null as varchar) as member,  -- Member, as in kpi_value; NULL = total.
    '总计' as name_zh,  -- Chinese name.
    'Total' as name_en  -- English name.
union all
select
    'channel' as dimension,
    channel as member,
    name_zh,
    name_en
from {{ ref('dim_channel') }}
union all
select
    'campaign' as dimension,
    campaign_id as member,
    name_zh,
    name_en
from {{ ref('dim_campaign') }}
union all
select
    'product' as dimension,
    product_id as member,
    name_zh,
    name_en
from {{ ref('dim_product') }}
union all
select
    'staff' as dimension,
    staff_id as member,
    name_zh,
    name_en
from {{ ref('dim_staff') }}
union all
select
    'content' as dimension,
    content_id as member,
    name_zh,
    name_en
from {{ ref('dim_content') }}
union all
select
    'touchpoint' as dimension,
    touchpoint as member,
    name_zh,
    name_en
from {{ ref('dim_touchpoint') }}
union all
select
    'stage' as dimension,
    stage as member,
    name_zh,
    name_en
from {{ ref('dim_stage') }}
union all
select
    'scenario_step' as dimension,
    scenario || ':' || step_no as member,
    min(name_zh) as name_zh,
    min(name_en) as name_en
from {{ ref('scenario_steps') }}
group by scenario, step_no
union all
select
    'scene' as dimension,
    scene as member,
    name_zh,
    name_en
from {{ ref('scenes') }}
union all
select
    'content_stage' as dimension,
    content_stage as member,
    name_zh,
    name_en
from {{ ref('content_stages') }}
union all
select
    'ask_level' as dimension,
    ask_level as member,
    name_zh,
    name_en
from {{ ref('ask_levels') }}
union all
select
    'industry' as dimension,
    industry as member,
    name_zh,
    name_en
from {{ ref('industries') }}
