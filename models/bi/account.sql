/*
description: Companies 企业, one row each; stage, people and roles, tags by name, deals and revenue.
grain: [account_id]
*/
{{ config(
    materialized='view',
    published='view',
    entities={'account': 'account_id'},
    time='first_seen_date',
    measures={
        '*': 'count', 'people_count': 'sum', 'decision_maker_count': 'sum', 'purchaser_count': 'sum',
        'influencer_count': 'sum', 'user_count': 'sum', 'buying_role_count': 'average', 'days_in_stage': 'average',
        'won_deal_count': 'sum', 'open_deal_count': 'sum', 'revenue_amount': 'sum', 'margin_amount': 'sum',
        'stage_rank': 'none'
    }
) }}
-- noqa: disable=LT02,AL09
{%- set tags = reference('tags')
    | selectattr('level', 'in', ['account', 'person, account']) | list %}
with

deals as (
    select
        account_id,
        count(*) filter (where has_revenue) as won_deal_count,
        count(*) filter (where outcome = 'open') as open_deal_count,
        cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount,
        min(revenue_date) as first_revenue_date,
        max(revenue_date) as last_revenue_date
    from {{ ref('bi.deals') }}
    where account_id is not null
    group by account_id
)

select
    p.account_id,  -- 企业编号. The company; key of this table.
    p.company_name as account_name,  -- 企业. Name of the company.
    p.credit_code,  -- 统一社会信用代码. Unified social credit code.
    p.email_domain,  -- 邮箱域名. Corporate mail domain.
    p.account_type,  -- 企业类型. Type as its source says.
    p.first_seen_at,  -- 首次出现时间. Earliest record (UTC).
    p.last_seen_at,  -- 最近出现时间. Latest record (UTC).
    p.people_count,  -- 联系人数. Current people.
    j.stage,  -- 阶段编码. Stage of the company now; NULL = in none.
    g.name_zh as stage_name_zh,  -- 阶段. Name of the stage.
    g.name_en as stage_name_en,  -- 阶段英文名. Name of the stage in English.
    j.stage_rank,  -- 阶段序号. Order of the stages: 1 = first.
    j.since_at as stage_since_at,  -- 进入阶段时间. When the company entered the stage (UTC).
    j.days_in_stage,  -- 阶段停留天数. Days in the stage. Average it, do not add it up.
    j.is_dormant,  -- 是否沉睡. True = all its people are dormant.
    j.decision_maker_count,  -- 决策人数. People with this buying role.
    j.buyer_count as purchaser_count,  -- 采购人数. People with the buying role buyer.
    j.influencer_count,  -- 影响人数. People with this buying role.
    j.user_count,  -- 使用人数. People with this buying role.
    j.role_count as buying_role_count,  -- 采购角色数. Known buying roles. Average it.
    {{- tag_columns(tags) }}
    coalesce(d.won_deal_count, 0) as won_deal_count,  -- 成交单数. Deals that count as revenue.
    coalesce(d.open_deal_count, 0) as open_deal_count,  -- 进行中商机数. Open opportunities.
    cast(coalesce(d.revenue_amount, 0) as decimal(18, 2))
        as revenue_amount,  -- 净收入. Net revenue. Deals without a company are in bi.deals.
    cast(coalesce(d.margin_amount, 0) as decimal(18, 2)) as margin_amount,  -- 毛利. Gross margin.
    d.first_revenue_date,  -- 首次成交日期. First business date with revenue.
    d.last_revenue_date  -- 最近成交日期. Last business date with revenue or a refund.
from {{ ref('account') }} as p
left join {{ ref('account_stage') }} as j on p.account_id = j.account_id
left join {{ ref('dim_stage') }} as g on j.stage = g.stage
left join {{ ref('account_profile') }} as t on p.account_id = t.account_id
{{- tag_name_joins(tags) }}
left join deals as d on p.account_id = d.account_id
