/*
description: People 客户, one row each; stage, owner, company, source, tags by name, segments, deals
  and revenue. A person with several companies is shown with the current one.
grain: [person_id]
*/
{{ config(
    materialized='view',
    published='view',
    entities={'person': 'person_id', 'account': 'account_id', 'campaign': 'first_campaign', 'staff': 'owner_staff'},
    time='first_seen_date',
    measures={
        '*': 'count', 'won_deal_count': 'sum', 'open_deal_count': 'sum', 'revenue_amount': 'sum', 'margin_amount': 'sum',
        'segment_count': 'average', 'channel_count': 'average', 'days_in_stage': 'average', 'lead_score': 'average',
        'behaviour_score': 'average', 'sequence_score': 'average', 'call_score': 'average', 'stage_rank': 'none'
    }
) }}
-- noqa: disable=LT02,AL09
{%- set shown = [
    'relationship_type', 'customer_tier', 'job_function', 'seniority', 'buying_role', 'province', 'sales_territory',
    'first_channel', 'first_campaign', 'first_domain', 'add_way', 'owner_staff', 'best_touchpoint', 'consent_status',
    'touch_fatigue', 'need_status', 'price_interest', 'purchase_timing', 'decision_factor', 'top_topic',
    'preferred_format', 'activity_grade', 'recency_band', 'activity_trend', 'sincerity_level', 'stage_age_band',
    'lead_score_band', 'rfm_segment', 'ltv_band', 'repurchase_status', 'churn_risk', 'open_ticket',
    'service_satisfaction', 'advocacy', 'product_interest', 'cross_sell_gap', 'reachable_touchpoints',
] %}
{%- set tags = reference('tags')
    | selectattr('level', 'in', ['person', 'person, account']) | selectattr('tag_code', 'in', shown) | list %}
with

segments as (
    select
        m.one_id,
        count(*) as segment_count,
        string_agg(m.segment, ', ' order by m.segment) as segments,
        string_agg(s.name_zh, '、' order by m.segment) as segment_names_zh,
        string_agg(s.name_en, ', ' order by m.segment) as segment_names_en
    from {{ ref('segment_member') }} as m
    inner join {{ ref('segment') }} as s on m.segment = s.segment
    group by m.one_id
),

deals as (
    select
        person_id,
        count(*) filter (where has_revenue) as won_deal_count,
        count(*) filter (where outcome = 'open') as open_deal_count,
        cast(sum(revenue_amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount
    from {{ ref('bi.deals') }}
    where person_id is not null
    group by person_id
)

select
    p.one_id as person_id,  -- 客户编号. The person; key of this table.
    p.full_name,  -- [pii] 姓名. Name.
    p.mobile,  -- [pii] 手机. Mobile, E.164.
    p.email,  -- [pii] 邮箱. Mail address.
    p.title as job_title,  -- 职务. Job title as written.
    p.city,  -- 城市. City.
    p.first_seen_at,  -- 首次出现时间. Earliest record (UTC).
    p.last_seen_at,  -- 最近出现时间. Latest record (UTC).
    p.channel_count,  -- 渠道数. Channels with a record of the person.
    j.stage,  -- 阶段编码. Stage of the journey now; NULL = in none.
    g.name_zh as stage_name_zh,  -- 阶段. Name of the stage.
    g.name_en as stage_name_en,  -- 阶段英文名. Name of the stage in English.
    j.stage_rank,  -- 阶段序号. Order of the stages: 1 = first.
    j.since_at as stage_since_at,  -- 进入阶段时间. When the person entered the stage (UTC).
    j.days_in_stage,  -- 阶段停留天数. Days in the stage. Average it, do not add it up.
    j.trust_step,  -- 信任步骤编码. Trust in four steps: lead, settled, won or loyal.
    j.trust_step_zh as trust_step_name_zh,  -- 信任步骤. Name of the step.
    j.is_dormant,  -- 是否沉睡. True = no inbound touch for dormant_days.
    j.is_lead,  -- 是否线索. True = has reached the stage of a lead and is not excluded.
    j.exclusion,  -- 排除原因编码. Why the person is no lead; NULL = not excluded.
    l.score as lead_score,  -- 线索分. Lead score. Average it, do not add it up.
    l.behaviour_score,  -- 行为分. Part of the lead score. Average it, do not add it up.
    l.sequence_score,  -- 序列分. Part of the lead score. Average it, do not add it up.
    l.call_score,  -- 行动召唤分. Part of the lead score. Average it, do not add it up.
    l.last_part_at as last_scored_at,  -- 最近加分时间. Latest touch that counts for the score (UTC).
    t.account_id,  -- 企业编号. The current company.
    t.account_name,  -- 企业. Name of the current company.
    {{- tag_columns(tags) }}
    coalesce(s.segment_count, 0) as segment_count,  -- 分群数. Segments that the person is in.
    s.segments,  -- 分群编码. Segments, separated by commas: filter with contains.
    s.segment_names_zh,  -- 分群. Names of the segments, separated by 、.
    s.segment_names_en,  -- 分群英文名. Names of the segments in English.
    coalesce(d.won_deal_count, 0) as won_deal_count,  -- 成交单数. Deals that count as revenue.
    coalesce(d.open_deal_count, 0) as open_deal_count,  -- 进行中商机数. Open opportunities.
    cast(coalesce(d.revenue_amount, 0) as decimal(18, 2))
        as revenue_amount,  -- 净收入. Net revenue. Deals without a person are in bi.deals.
    cast(coalesce(d.margin_amount, 0) as decimal(18, 2)) as margin_amount  -- 毛利. Gross margin.
from {{ ref('person') }} as p
left join {{ ref('person_stage') }} as j on p.person_key = j.person_key
left join {{ ref('dim_stage') }} as g on j.stage = g.stage
left join {{ ref('lead_score') }} as l on p.person_key = l.person_key
left join {{ ref('person_profile') }} as t on p.one_id = t.one_id
{{- tag_name_joins(tags) }}
left join segments as s on p.one_id = s.one_id
left join deals as d on p.one_id = d.person_id
