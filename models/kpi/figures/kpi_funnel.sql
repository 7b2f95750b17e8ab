/*
description: Funnel KPIs by the business day on which a cohort began; from leads to won, and from
  each stage to the next.
grain: [as_of_date, kpi_code, dimension, member]
*/
-- noqa: disable=LT02
{%- set dimensions = ['total', 'channel', 'campaign'] %}
{%- set members = {
    'total': 'cast(null as varchar)', 'channel': 'channel', 'campaign': 'campaign_id'
} %}
with

-- Excluded people are not leads.
outsiders as (
    select person_key
    from {{ ref('person_exclusion') }}
    where kind in ('staff', 'competitor', 'bot')
),

transitions as (
    select
        t.person_key,
        t.moved_at,
        t.channel,
        t.record_id,
        t.direction,
        t.to_stage,
        cast(s.stage_rank as bigint) as stage_rank
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
    anti join outsiders as o on t.person_key = o.person_key
),

lead_moves as (
    select
        t.person_key,
        t.moved_at,
        t.channel
    from transitions as t
    anti join {{ ref('person_exclusion') }} as x on t.person_key = x.person_key
    where t.stage_rank >= {{ stage_rule('lead_rank') }} and t.direction <> 'back'
    qualify
        row_number() over (
            partition by t.person_key order by t.moved_at, t.stage_rank, t.channel, t.record_id
        ) = 1
),

won as (
    select distinct person_key
    from transitions
    where to_stage = 'won'
),

leads as (
    select
        fn_local_date(l.moved_at) as lead_date,
        l.channel,
        p.source_campaign_id as campaign_id,
        case when w.person_key is not null then 1 else 0 end as is_won
    from lead_moves as l
    inner join {{ ref('person') }} as p on l.person_key = p.person_key
    left join won as w on l.person_key = w.person_key
),

lead_days as (
{%- for dimension in dimensions %}
    select
        lead_date,
        '{{ dimension }}' as dimension,
        {{ members[dimension] }} as member,
        sum(is_won) as won_count,
        count(*) as lead_count
    from leads
    group by lead_date, {{ members[dimension] }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
),

reached as (
    select
        t.person_key,
        cast(s.stage_rank as bigint) as stage_rank,
        s.stage,
        min(t.moved_at) as reached_at
    from transitions as t
    inner join {{ ref('stages') }} as s on t.stage_rank >= cast(s.stage_rank as bigint)
    where t.direction <> 'back'
    group by t.person_key, cast(s.stage_rank as bigint), s.stage
),

step_days as (
    select
        fn_local_date(a.reached_at) as cohort_date,
        s.stage as member,
        count(b.person_key) as reached_count,
        count(*) as cohort_count
    from reached as a
    inner join {{ ref('stages') }} as s on a.stage_rank + 1 = cast(s.stage_rank as bigint)
    left join reached as b on a.person_key = b.person_key and a.stage_rank + 1 = b.stage_rank
    group by fn_local_date(a.reached_at), s.stage
),

lead_members as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        cast({{ kpi_days('total') }} as bigint) as kept_days
{%- for dimension in dimensions if dimension != 'total' %}
    union all
    select distinct
        dimension,
        member,
        cast({{ kpi_days(dimension) }} as bigint) as kept_days
    from lead_days
    where
        dimension = '{{ dimension }}'
        and lead_date > fn_as_of() - {{ kpi_days(dimension) }} * interval 1 day
{%- endfor %}
),

figures as (
    select
        d.business_date,
        'lead_to_won' as kpi_code,
        m.dimension,
        m.member,
        coalesce(l.won_count, 0) as numerator,
        coalesce(l.lead_count, 0) as denominator
    from {{ ref('business_day') }} as d
    inner join lead_members as m on d.days_ago < m.kept_days
    left join lead_days as l
        on
            d.business_date = l.lead_date
            and m.dimension = l.dimension
            and m.member is not distinct from l.member
    union all
    select
        d.business_date,
        'stage_conversion' as kpi_code,
        'stage' as dimension,
        s.stage as member,
        coalesce(c.reached_count, 0) as numerator,
        coalesce(c.cohort_count, 0) as denominator
    from {{ ref('business_day') }} as d
    inner join {{ ref('stages') }} as s on cast(s.stage_rank as bigint) > 1
    left join step_days as c on d.business_date = c.cohort_date and s.stage = c.member
    where d.days_ago < {{ kpi_days('stage') }}
)

select
    business_date as as_of_date,  -- Business date on which the cohort began.
    kpi_code,  -- KPI.
    dimension,  -- total, channel, campaign or stage.
    member,  -- Member of the dimension; NULL = total, or unknown.
    cast(numerator as decimal(38, 2)) as numerator,  -- Number of people who got there by as_of.
    cast(denominator as decimal(38, 2)) as denominator,  -- Number of people in the cohort.
    {{ ratio('numerator', 'denominator') }} as value  -- 0 to 1; NULL where the cohort is empty.
from figures
