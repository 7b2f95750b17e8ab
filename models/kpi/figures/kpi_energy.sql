/*
description: The energy formula of private domain by business day; how many guide customers our
  staff reached, and how many of these bought, over the last days.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [reach_rate, scene_conversion_rate]
*/
{{ config(published=false) }}
{%- set window = var('energy_days') %}
{%- set far = kpi_days('total') %}
{%- set near = kpi_days('campaign') %}
with

-- Only what touches a kept day.
guides as (
    select
        person_key,
        from_date,
        to_date
    from {{ ref('guide_stretch') }}
    where to_date > fn_as_of() - {{ far }} * interval 1 day
),

-- A message or a purchase counts for the days of the window, or until the next one.
message_days as (
    select
        person_key,
        message_date,
        lead(message_date) over (
            partition by person_key order by message_date
        ) as next_date
    from {{ ref('message_day') }}
    where message_date > fn_as_of() - ({{ far }} + {{ window }}) * interval 1 day
),

messages as (
    select
        person_key,
        message_date as from_date,
        cast(least(
            coalesce(next_date, date '9999-01-01'), message_date + {{ window }} * interval 1 day
        ) as date) as to_date
    from message_days
),

reached as (
    select
        g.person_key,
        greatest(g.from_date, m.from_date) as from_date,
        least(g.to_date, m.to_date) as to_date
    from guides as g
    inner join messages as m
        on
            g.person_key = m.person_key
            and g.from_date < m.to_date
            and g.to_date > m.from_date
),

purchase_days as (
    select
        person_key,
        revenue_date,
        max(revenue_at) as revenue_at,
        lead(revenue_date) over (
            partition by person_key order by revenue_date
        ) as next_date
    from {{ ref('revenue_line') }}
    where
        kind <> 'refund'
        and person_key is not null
        and revenue_date > fn_as_of() - ({{ far }} + {{ window }}) * interval 1 day
    group by person_key, revenue_date
),

purchases as (
    select
        person_key,
        revenue_date,
        revenue_at,
        revenue_date as from_date,
        cast(least(
            coalesce(next_date, date '9999-01-01'), revenue_date + {{ window }} * interval 1 day
        ) as date) as to_date
    from purchase_days
),

bought as (
    select
        r.person_key,
        p.revenue_date,
        greatest(r.from_date, p.from_date) as from_date,
        least(r.to_date, p.to_date) as to_date
    from reached as r
    inner join purchases as p
        on
            r.person_key = p.person_key
            and r.from_date < p.to_date
            and r.to_date > p.from_date
),

-- The scene of a purchase is that of the buyer's last touch that names one.
scenes as (
    select
        p.person_key,
        p.revenue_date,
        coalesce(t.scene, c.scene) as scene
    from purchases as p
    inner join {{ ref('person_touch') }} as t
        on p.person_key = t.person_key and p.revenue_at >= t.occurred_at
    left join {{ ref('dim_campaign') }} as c on t.campaign_id = c.campaign_id
    where
        p.revenue_date > fn_as_of() - ({{ near }} + {{ window }}) * interval 1 day
        and coalesce(t.scene, c.scene) is not null
    qualify
        row_number() over (
            partition by p.person_key, p.revenue_date
            order by t.occurred_at desc, t.channel asc, t.record_id asc
        ) = 1
),

-- +1 on the first day, -1 on the day after the last.
changes as (
    {%- for source, guides, reached, buyers in [
        ('guides', 1, 0, 0), ('reached', 0, 1, 0), ('bought', 0, 0, 1)
    ] %}
    select
        person_key,
        from_date as day,
        {{ guides }} as guides,
        {{ reached }} as reached,
        {{ buyers }} as buyers
    from {{ source }}
    union all
    select
        person_key,
        to_date as day,
        {{ -guides }} as guides,
        {{ -reached }} as reached,
        {{ -buyers }} as buyers
    from {{ source }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- What a person was before the kept days of a dimension is one change on the first of them.
near_changes as (
    select
        person_key,
        greatest(day, {{ kpi_first_day('campaign') }}) as day,
        sum(guides) as guides,
        sum(reached) as reached,
        sum(buyers) as buyers
    from changes
    where day <= fn_as_of()
    group by person_key, greatest(day, {{ kpi_first_day('campaign') }})
    having sum(guides) <> 0 or sum(reached) <> 0 or sum(buyers) <> 0
),

{{ by_dimension(
    'near_facts', 'near_changes', ['day', 'guides', 'reached', 'buyers'],
    of_person=['channel', 'staff', 'team', 'segment', 'industry']
) }},

scene_purchases as (
    select
        s.scene,
        b.from_date,
        b.to_date
    from bought as b
    left join scenes as s on b.person_key = s.person_key and b.revenue_date = s.revenue_date
    where b.to_date > {{ kpi_first_day('scene') }}
),

daily_changes as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        day,
        guides,
        reached,
        buyers
    from changes
    union all
    select
        dimension,
        member,
        day,
        guides,
        reached,
        buyers
    from near_facts
    union all
    select
        'scene' as dimension,
        scene as member,
        from_date as day,
        0 as guides,
        0 as reached,
        1 as buyers
    from scene_purchases
    union all
    select
        'scene' as dimension,
        scene as member,
        to_date as day,
        0 as guides,
        0 as reached,
        -1 as buyers
    from scene_purchases
),

{{ running_sums('stocks', 'daily_changes', ['guides', 'reached', 'buyers']) }},

-- Scenes share out the buyers among all whom we reached, so they add up to the total.
figures as (
    select
        s.as_of_date,
        s.dimension,
        s.member,
        case when s.dimension <> 'scene' and s.guides > 0 then s.reached end as reached,
        s.guides,
        case when coalesce(t.reached, s.reached) > 0 then s.buyers end as buyers,
        coalesce(t.reached, s.reached) as delivered
    from stocks as s
    left join stocks as t
        on s.dimension = 'scene' and t.dimension = 'total' and s.as_of_date = t.as_of_date
)

{{ kpi_rows('figures', [
    ['reach_rate', 'reached', 'guides'],
    ['scene_conversion_rate', 'buyers', 'delivered']
]) }}
