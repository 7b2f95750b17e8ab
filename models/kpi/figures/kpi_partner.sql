/*
description: Partners by business day 合作伙伴; the revenue that they bring, and how many of them
  completed a course in the last days.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [partner_revenue, partner_training]
*/
{{ config(published=false) }}
{%- set window = var('partner_training_days') %}
with

deals as (
    select
        r.revenue_date,
        r.channel,
        r.campaign_id,
        r.staff_id,
        r.product_id,
        sum(r.amount) as revenue
    from {{ ref('revenue_line') }} as r
    inner join {{ ref('partner') }} as p
        on r.person_key = p.person_key and r.revenue_at >= p.since_at
    where r.revenue_date >= {{ kpi_first_day('total') }}
    group by r.revenue_date, r.channel, r.campaign_id, r.staff_id, r.product_id
),

{{ by_dimension(
    'deal_facts', 'deals', ['revenue_date', 'revenue'],
    own=['total', 'channel', 'staff', 'team', 'product_line']
) }},

completion_days as (
    select distinct
        t.person_key,
        t.occurred_date as completed_date
    from {{ ref('person_touch') }} as t
    semi join {{ ref('partner') }} as p on t.person_key = p.person_key
    where
        t.direction = 'inbound'
        and t.action = 'course_complete'
        and t.occurred_at < fn_as_of_end()
),

-- A completed course counts for the days of the window, or until the next one.
completions as (
    select
        person_key,
        completed_date as from_date,
        cast(
            completed_date
            + {{ days_to_next(['person_key'], 'completed_date', [], window) }} * interval 1 day
            as date
        ) as to_date
    from completion_days
),

-- It counts from the day on which somebody is a partner.
trained as (
    select
        p.person_key,
        greatest(c.from_date, fn_local_date(p.since_at)) as from_date,
        c.to_date
    from completions as c
    inner join {{ ref('partner') }} as p
        on c.person_key = p.person_key and c.to_date > fn_local_date(p.since_at)
),

people_changes as (
    select
        person_key,
        fn_local_date(since_at) as day,
        1 as partners,
        0 as trained
    from {{ ref('partner') }}
    union all
    select
        person_key,
        from_date as day,
        0 as partners,
        1 as trained
    from trained
    union all
    select
        person_key,
        to_date as day,
        0 as partners,
        -1 as trained
    from trained
),

{{ by_dimension(
    'person_facts', 'people_changes', ['day', 'partners', 'trained'],
    of_person=['channel', 'industry']
) }},

changes as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        day,
        partners,
        trained
    from people_changes
    union all
    select
        dimension,
        member,
        day,
        partners,
        trained
    from person_facts
),

{{ running_sums('stocks', 'changes', ['partners', 'trained']) }},

figures as (
    select
        revenue_date as as_of_date,
        dimension,
        member,
        sum(revenue) as revenue,
        cast(null as bigint) as partners,
        cast(null as bigint) as trained
    from deal_facts
    group by revenue_date, dimension, member
    union all
    select
        as_of_date,
        dimension,
        member,
        null as revenue,
        partners,
        trained
    from stocks
    where partners > 0
)

{{ kpi_rows('figures', [
    ['partner_revenue', 'revenue'],
    ['partner_training', 'trained', 'partners']
]) }}
