/*
description: What becomes of people who join a group, by the business day on which they joined; who
  reaches the stage intent, who buys, and whether they buy more often than people without a group.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [sieve_rate, group_conversion, group_uplift]
*/
{{- config(published=false) }}
{%- set uplift_days = kpi_window('group_uplift') %}
{%- set endless = "date '9999-12-31'" %}
with

joins as (
    select
        chat_id,
        group_kind,
        person_key,
        stretch_no,
        joined_at,
        joined_date,
        row_number() over (
            partition by person_key order by joined_at, chat_id, stretch_no
        ) = 1 as is_first
    from {{ ref('group_member') }}
),

kept_joins as (
    select
        chat_id,
        group_kind,
        person_key,
        stretch_no,
        joined_at,
        joined_date,
        is_first
    from joins
    where joined_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

purchases as (
    select
        person_key,
        channel || ' ' || coalesce(deal_id, record_id) as order_key,
        min(revenue_at) as bought_at,
        min(revenue_date) as bought_date
    from {{ ref('revenue_line') }}
    where kind <> 'refund' and person_key is not null
    group by person_key, channel || ' ' || coalesce(deal_id, record_id)
),

-- 1. Whoever had reached the stage before joining is not sieved; whoever bought on the day of
-- joining bought in the group only if it was later.
bought as (
    select
        j.chat_id,
        j.person_key,
        j.stretch_no,
        min(p.bought_date) as bought_date
    from kept_joins as j
    inner join purchases as p on j.person_key = p.person_key and j.joined_at <= p.bought_at
    group by j.chat_id, j.person_key, j.stretch_no
),

-- 2. Purchases of the first group of each person, on other days than that of joining.
changes as (
    select
        j.person_key,
        count(*) filter (where p.bought_date > j.joined_date) as after_count,
        count(*) filter (where p.bought_date < j.joined_date) as before_count
    from kept_joins as j
    inner join purchases as p
        on
            j.person_key = p.person_key
            and p.bought_date between j.joined_date - {{ uplift_days }} * interval 1 day
            and j.joined_date + {{ uplift_days }} * interval 1 day
    where j.is_first
    group by j.person_key
),

cohorts as (
    select
        j.joined_date,
        j.group_kind,
        count(*) as joins,
        count(*) filter (where coalesce(r.reached_at > j.joined_at, true)) as unsieved,
        count(*) filter (
            where r.reached_at > j.joined_at
            and date_diff('day', j.joined_date, r.reached_date) <= {{ kpi_window('sieve_rate') }}
        ) as sieved,
        count(*) filter (
            where date_diff('day', j.joined_date, b.bought_date)
            <= {{ kpi_window('group_conversion') }}
        ) as buyers,
        count(*) filter (where j.is_first) as newcomers,
        sum(case when j.is_first then coalesce(c.after_count - c.before_count, 0) else 0 end)
            as order_change
    from kept_joins as j
    left join {{ ref('stage_reached') }} as r
        on j.person_key = r.person_key and r.stage = 'intent'
    left join bought as b
        on
            j.chat_id = b.chat_id
            and j.person_key = b.person_key
            and j.stretch_no = b.stretch_no
    left join changes as c on j.person_key = c.person_key
    group by j.joined_date, j.group_kind
),

{{ by_dimension(
    'cohort_facts', 'cohorts',
    ['joined_date', 'joins', 'unsieved', 'sieved', 'buyers', 'newcomers', 'order_change'],
    own=['total', 'group_kind']
) }},

-- 3. The people to compare with: who could be reached at the end of the day, and never joined a
-- group. A purchase of theirs comes after the days before it, and before the days after it.
joiners as (
    select distinct person_key
    from joins
),

others as (
    select
        s.person_key,
        fn_local_date(s.reachable_from) as from_date,
        coalesce(fn_local_date(s.reachable_to), {{ endless }}) as to_date
    from {{ ref('reachable_stretch') }} as s
    anti join joiners as j on s.person_key = j.person_key
    where s.dimension = 'total'
),

order_days as (
    select
        o.from_date as reachable_from,
        o.to_date as reachable_to,
        cast(p.bought_date - {{ uplift_days }} * interval 1 day as date) as from_date,
        p.bought_date as to_date,
        1 as order_change
    from others as o
    inner join purchases as p on o.person_key = p.person_key
    union all
    select
        o.from_date as reachable_from,
        o.to_date as reachable_to,
        cast(p.bought_date + interval 1 day as date) as from_date,
        cast(p.bought_date + ({{ uplift_days }} + 1) * interval 1 day as date) as to_date,
        -1 as order_change
    from others as o
    inner join purchases as p on o.person_key = p.person_key
),

spans as (
    select
        from_date,
        to_date,
        1 as people,
        0 as order_change
    from others
    union all
    select
        greatest(from_date, reachable_from) as from_date,
        least(to_date, reachable_to) as to_date,
        0 as people,
        order_change
    from order_days
),

deltas as (
    select
        from_date as day,
        people,
        order_change
    from spans
    where from_date < to_date
    union all
    select
        to_date as day,
        -people as people,
        -order_change as order_change
    from spans
    where from_date < to_date
),

first_day as (
    select min(business_date) as from_date
    from {{ ref('business_day') }}
),

-- What began before the first day counts from then on.
net_deltas as (
    select
        greatest(d.day, f.from_date) as day,
        sum(d.people) as people,
        sum(d.order_change) as order_change
    from deltas as d
    cross join first_day as f
    group by greatest(d.day, f.from_date)
),

compared as (
    select
        b.business_date,
        sum(coalesce(d.people, 0)) over (
            order by b.business_date rows between unbounded preceding and current row
        ) as people,
        sum(coalesce(d.order_change, 0)) over (
            order by b.business_date rows between unbounded preceding and current row
        ) as order_change
    from {{ ref('business_day') }} as b
    left join net_deltas as d on b.business_date = d.day
),

figures as (
    select
        f.joined_date as as_of_date,
        f.dimension,
        f.member,
        sum(f.joins) as joins,
        sum(f.unsieved) as unsieved,
        sum(f.sieved) as sieved,
        sum(f.buyers) as buyers,
        sum(f.newcomers) as newcomers,
        sum(f.order_change) as order_change,
        min(c.people) as other_people,
        min(c.order_change) as other_change
    from cohort_facts as f
    left join compared as c on f.joined_date = c.business_date
    group by f.joined_date, f.dimension, f.member
)

{{ kpi_rows('figures', [
    ['sieve_rate', 'case when unsieved > 0 then sieved end', 'unsieved'],
    ['group_conversion', 'buyers', 'joins'],
    [
        'group_uplift', 'case when newcomers > 0 and other_people > 0 then order_change end',
        'newcomers',
        'cast(order_change as double) / nullif(newcomers, 0)'
        ~ ' - cast(other_change as double) / nullif(other_people, 0)'
    ]
]) }}
