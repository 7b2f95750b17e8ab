/*
description: What each channel and campaign costs and brings 渠道经济账, by month; spend, staff cost,
  people, new customers, their value, and revenue. Each level adds up to the month.
grain: [month, level, member]
*/
{%- set steps = ['acquire', 'nurture', 'convert', 'serve'] %}
{%- set windows = [90, 180, 365] %}
{%- set counts = ['added_people', 'new_customers'] %}
{%- set amounts = [
    'spend_acquire', 'spend_nurture', 'spend_convert', 'spend_serve', 'staff_cost', 'margin_90',
    'margin_180', 'margin_365', 'revenue', 'nobody_revenue'
] %}
{%- set levels = [('channel', 'channel'), ('campaign', 'campaign_id')] %}
with

months as (
    select
        month_date,
        max(cost_date) as until_date
    from {{ ref('cost_calendar') }}
    where month_date >= date_trunc('month', {{ kpi_first_day('total') }})
    group by month_date
),

costs as (
    select
        date_trunc('month', cost_date) as month_date,
        channel,
        campaign_id,
        {%- for step in steps %}
        sum(case when step = '{{ step }}' then amount else 0 end) as spend_{{ step }},
        {%- endfor %}
        sum(case when kind = 'staff' then amount else 0 end) as staff_cost
    from {{ ref('cost_day') }}
    group by date_trunc('month', cost_date), channel, campaign_id
),

people as (
    select
        date_trunc('month', day) as month_date,
        channel,
        campaign_id,
        sum(added_count) as added_people,
        sum(customer_count) as new_customers,
        sum(margin_90) as margin_90,
        sum(margin_180) as margin_180,
        sum(margin_365) as margin_365
    from {{ ref('economics_day') }}
    group by date_trunc('month', day), channel, campaign_id
),

-- Revenue belongs to who brought the buyer. That of companies without a known person, of unknown
-- buyers and of people whom KPIs do not count belongs to nobody.
counted as (
    select
        p.person_key,
        p.first_channel as channel,
        p.source_campaign_id as campaign_id
    from {{ ref('person') }} as p
    anti join {{ outsiders() }} as x on p.person_key = x.person_key
),

earned as (
    select
        date_trunc('month', r.revenue_date) as month_date,
        c.channel,
        c.campaign_id,
        sum(r.amount) as revenue,
        sum(case when c.person_key is null then r.amount else 0 end) as nobody_revenue
    from {{ ref('revenue_line') }} as r
    left join counted as c on r.person_key = c.person_key
    group by date_trunc('month', r.revenue_date), c.channel, c.campaign_id
),

parts as (
    {%- for source, own in [
        ('costs', amounts[:5]), ('people', counts + amounts[5:8]), ('earned', amounts[8:])
    ] %}
    select
        {%- for column in counts + amounts %}
        {{ column if column in own else '0 as ' ~ column }},
        {%- endfor %}
        month_date,
        channel,
        campaign_id
    from {{ source }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

sums as (
    {%- for level, column in levels %}
    select
        {%- for name in counts + amounts %}
        sum(p.{{ name }}) as {{ name }},
        {%- endfor %}
        cast(p.month_date as date) as month_date,
        '{{ level }}' as level,
        p.{{ column }} as member
    from parts as p
    inner join months as m on p.month_date = m.month_date
    group by p.month_date, p.{{ column }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- Which deals the campaigns of a member met, once for each step of theirs.
met_deals as (
    {%- for level, column in levels %}
    select distinct
        '{{ level }}' as level,
        {{ 'c.channel' if level == 'channel' else 'd.campaign_id' }} as member,
        s.step,
        d.channel,
        d.deal_id,
        d.person_key
    from {{ ref('deal_campaign') }} as d
    inner join {{ ref('campaign_step') }} as s on d.campaign_id = s.campaign_id
    left join {{ ref('campaign_channel') }} as c on d.campaign_id = c.campaign_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

met as (
    select
        {%- for step in steps %}
        sum(case when d.step = '{{ step }}' then r.margin_amount else 0 end) as met_{{ step }},
        {%- endfor %}
        cast(date_trunc('month', r.revenue_date) as date) as month_date,
        d.level,
        d.member
    from met_deals as d
    inner join {{ ref('revenue_line') }} as r
        on d.channel = r.channel and d.deal_id = r.deal_id and d.person_key = r.person_key
    group by date_trunc('month', r.revenue_date), d.level, d.member
),

figures as (
    select
        s.month_date,
        s.level,
        s.member,
        {%- for column in counts + amounts %}
        s.{{ column }},
        {%- endfor %}
        {%- for step in steps %}
        coalesce(m.met_{{ step }}, 0) as met_{{ step }},
        {%- endfor %}
        s.spend_acquire + s.spend_nurture + s.spend_convert + s.spend_serve as spend,
        s.spend_acquire + s.spend_nurture + s.spend_convert + s.staff_cost as paid_amount,
        case
            when s.new_customers > 0
                then s.spend_acquire + s.spend_nurture + s.spend_convert + s.staff_cost
        end as customer_cost
    from sums as s
    left join met as m
        on
            s.month_date = m.month_date
            and s.level = m.level
            and s.member is not distinct from m.member
),

judged as (
    select
        month_date,
        level,
        member,
        {%- for column in counts + amounts %}
        {{ column }},
        {%- endfor %}
        {%- for step in steps %}
        met_{{ step }},
        {%- endfor %}
        spend,
        customer_cost,
        case
            when new_customers > 0 and margin_180 > 0
                then
                    cast(paid_amount as double) / cast(margin_180 as double)
                    * {{ kpi_window('payback_months') }} * 12 / 365
        end as payback_months,
        case
            when member is null and nobody_revenue <> 0 then 'deals_of_nobody'
            when spend > 0 and added_people + new_customers = 0 then 'spend_without_people'
            when spend = 0 and added_people + new_customers > 0 then 'people_without_spend'
        end as reason
    from figures
)

select
    strftime(j.month_date, '%Y-%m') as month,  -- Month, as in targets.csv: 2026-06.
    j.level,  -- channel or campaign.
    j.member,  -- Channel or campaign; NULL = unknown, such as people whom no campaign brought.
    coalesce(n.name_zh, j.member, '未知') as member_zh,  -- Chinese name of the member.
    coalesce(n.name_en, j.member, 'Unknown') as member_en,  -- English name of the member.
    cast(j.spend_acquire as decimal(18, 2)) as spend_acquire,  -- Spend of step acquire 获客投入.
    cast(j.spend_nurture as decimal(18, 2)) as spend_nurture,  -- Spend of step nurture 培育投入.
    cast(j.spend_convert as decimal(18, 2)) as spend_convert,  -- Spend of step convert 转化投入.
    cast(j.spend_serve as decimal(18, 2)) as spend_serve,  -- Spend of step serve 服务投入.
    cast(j.spend as decimal(18, 2)) as spend,  -- All spend 投入合计.
    cast(j.staff_cost as decimal(18, 2))
        as staff_cost,  -- Cost of sellers and marketers 人力成本, by whom they were in touch with.
    cast(j.added_people as bigint)
        as added_people,  -- People who could be reached for the first time 新增可触达人数.
    {{ ratio('j.spend_acquire', 'j.added_people') }}
        as cost_per_add,  -- spend_acquire / added_people 加粉成本; NULL without people.
    cast(j.new_customers as bigint)
        as new_customers,  -- People with their first purchase in the month 新客户数.
    {{ ratio('j.customer_cost', 'j.new_customers') }}
        as cac,  -- (spend without spend_serve + staff_cost) / new_customers 获客成本.
    {%- for days in windows %}
    cast(j.margin_{{ days }} as decimal(18, 2))
        as margin_{{ days }},  -- Gross margin of the new customers in the first {{ days }} days 毛利.
    {{ ratio('j.margin_' ~ days, 'j.new_customers') }}
        as ltv_{{ days }},  -- margin_{{ days }} / new_customers 客户价值; see closed_days.
    {%- endfor %}
    {{ ratio('j.margin_365', 'j.customer_cost') }}
        as ltv_cac,  -- ltv_365 / cac; NULL without new customers or without costs.
    cast(j.payback_months as decimal(24, 6))
        as payback_months,  -- cac / the monthly part of ltv_180 回本月数; NULL without a margin.
    cast(j.revenue as decimal(18, 2))
        as revenue,  -- Net revenue 净收入 of the month from people whom the member brought.
    {%- for step in steps %}
    cast(j.met_{{ step }} as decimal(18, 2))
        as returned_{{ step }},  -- Margin 毛利 of the deals whose buyer its campaigns met before.
    {{ ratio('j.met_' ~ step ~ ' - j.spend_' ~ step, 'j.spend_' ~ step) }}
        as roi_{{ step }},  -- (returned_{{ step }} - spend_{{ step }}) / spend_{{ step }} 投入产出率.
    {%- endfor %}
    j.reason,  -- spend_without_people, people_without_spend or deals_of_nobody; NULL = nothing odd.
    case j.reason
        when 'spend_without_people' then '有投入但没有带来人'
        when 'people_without_spend' then '带来了人但没有投入'
        when 'deals_of_nobody' then '含无法归属到人的成交'
    end as reason_zh,  -- The reason in Chinese.
    greatest(date_diff('day', m.until_date, fn_as_of()), 0)
        as closed_days,  -- Days since the month ended; a value of more days may still grow.
    j.month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from judged as j
inner join months as m on j.month_date = m.month_date
left join {{ ref('kpi_member') }} as n on j.level = n.dimension and j.member = n.member
