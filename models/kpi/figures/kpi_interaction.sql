/*
description: How many of the people whom we can reach are active, and talk with us, by business day.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [active_rate, interaction_rate]
*/
{{ config(published=false) }}
with

-- 1. When people could be reached, as reachable_people counts them: from the day on which a stretch
-- began to the day before it ended.
reached as (
    select
        s.person_key,
        fn_local_date(s.reachable_from) as from_date,
        coalesce(
            fn_local_date(s.reachable_to), cast(fn_as_of() + interval 1 day as date)
        ) as to_date
    from {{ ref('reachable_stretch') }} as s
    inner join {{ ref('kpi_person') }} as p on s.person_key = p.person_key
    where
        s.dimension = 'total'
        and coalesce(fn_local_date(s.reachable_to) > fn_local_date(s.reachable_from), true)
),

-- 2. When they were active in the days up to then. A row without anything in the days before it
-- begins such a time; the next row without anything in the days after it ends it.
edges as (
    select
        person_key,
        active_date,
        channel,
        coalesce(days_before >= {{ var('mau_days') }}, true) as is_first,
        days_after = {{ var('mau_days') }} as is_last
    from {{ ref('active_day') }}
    where
        days_before is null
        or days_before >= {{ var('mau_days') }}
        or days_after = {{ var('mau_days') }}
),

paired as (
    select
        person_key,
        active_date,
        is_first,
        case
            when is_last then active_date
            else lead(active_date) over (partition by person_key order by active_date, channel)
        end as last_date
    from edges
),

-- 3. When they had a two-way contact with us in the days up to then.
contacts as (
    select distinct
        t.person_key,
        t.occurred_date
    from {{ ref('person_touch') }} as t
    where
        {{ is_conversation('t') }}
        and t.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
        - {{ var('mau_days') }} * interval 1 day
),

contact_days as (
    select
        person_key,
        occurred_date,
        {{ days_to_next(['person_key'], 'occurred_date', [], var('mau_days')) }} as days_after
    from contacts
),

times as (
    select
        person_key,
        active_date as from_date,
        cast(last_date + {{ var('mau_days') }} * interval 1 day as date) as to_date,
        1 as active,
        0 as interacted
    from paired
    where is_first
    union all
    select
        person_key,
        occurred_date as from_date,
        cast(occurred_date + days_after * interval 1 day as date) as to_date,
        0 as active,
        1 as interacted
    from contact_days
),

stretches as (
    select
        person_key,
        from_date,
        to_date,
        1 as reachable,
        0 as active,
        0 as interacted
    from reached
    union all
    select
        t.person_key,
        greatest(t.from_date, r.from_date) as from_date,
        least(t.to_date, r.to_date) as to_date,
        0 as reachable,
        t.active,
        t.interacted
    from times as t
    inner join reached as r
        on t.person_key = r.person_key and t.from_date < r.to_date and t.to_date > r.from_date
),

changes as (
    select
        person_key,
        from_date as day,
        reachable,
        active,
        interacted
    from stretches
    union all
    select
        person_key,
        to_date as day,
        -reachable as reachable,
        -active as active,
        -interacted as interacted
    from stretches
),

peers as (
    select
        p.peer_key as person_key,
        greatest(
            c.day, cast(fn_as_of() - {{ kpi_days('total') }} * interval 1 day as date)
        ) as day,
        sum(c.reachable) as reachable,
        sum(c.active) as active,
        sum(c.interacted) as interacted
    from changes as c
    inner join {{ ref('kpi_person') }} as p on c.person_key = p.person_key
    where c.day <= fn_as_of()
    group by p.peer_key, greatest(
        c.day, cast(fn_as_of() - {{ kpi_days('total') }} * interval 1 day as date)
    )
),

{{ by_dimension(
    'deltas', 'peers', ['day', 'reachable', 'active', 'interacted'], own=['total'],
    of_person=['channel', 'campaign', 'scene', 'staff', 'team', 'segment', 'industry']
) }},

{{ running_sums('daily', 'deltas', ['reachable', 'active', 'interacted']) }},

figures as (
    select
        as_of_date,
        dimension,
        member,
        reachable,
        active,
        interacted
    from daily
    where reachable > 0
)

{{ kpi_rows('figures', [
    ['active_rate', 'active', 'reachable'],
    ['interaction_rate', 'interacted', 'reachable']
]) }}
