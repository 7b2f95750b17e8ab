/*
description: What our sellers and marketers cost each month, by the channel and campaign that
  brought the people with whom they were in touch. The cost of each is shared by the number of their
  touches, to the cent; of somebody without touches, nobody knows the channel.
grain: [month_date, channel, campaign_id]
*/
{{ config(published=false) }}
{#- A staff.csv without this column has no costs. #}
{%- set rows = reference('staff') %}
{%- set has_cost = not rows or 'monthly_cost' in rows[0] %}
{%- set cost = 'monthly_cost' if has_cost else 'cast(null as varchar)' %}
with

-- A key that staff.csv has twice counts once.
members as (
    select
        staff_id,
        cast(nullif(trim({{ cost }}), '') as decimal(18, 2)) as monthly_cost
    from {{ ref('staff') }}
    where
        staff_id is not null
        and contains(' {{ var('selling_roles') }} ', ' ' || role || ' ')
    qualify
        row_number() over (
            partition by staff_id order by team, role, outsourced, vendor, {{ cost }}
        ) = 1
),

months as (
    select
        month_date,
        max(day_no) as to_day,
        min(day_no) as from_day,
        max(month_days) as month_days
    from {{ ref('cost_calendar') }}
    group by month_date
),

costs as (
    select
        m.staff_id,
        c.month_date,
        {{ in_cents('m.monthly_cost') }} as month_cents,
        c.from_day,
        c.to_day,
        c.month_days
    from members as m
    cross join months as c
    where m.monthly_cost > 0
),

-- By the cost up to each day, so that the days of a month add up to it.
staff_months as (
    select
        staff_id,
        month_date,
        fn_share(month_cents, to_day, month_days)
        - fn_share(month_cents, from_day - 1, month_days) as cents
    from costs
),

bounds as (
    select min(cost_date) as from_date
    from {{ ref('cost_calendar') }}
),

touches as (
    select
        t.staff_id,
        cast(date_trunc('month', t.occurred_date) as date) as month_date,
        p.first_channel as channel,
        p.source_campaign_id as campaign_id,
        count(*) as touch_count
    from {{ ref('person_touch') }} as t
    inner join {{ ref('person') }} as p on t.person_key = p.person_key
    cross join bounds as b
    semi join members as s on t.staff_id = s.staff_id
    anti join {{ outsiders() }} as x on t.person_key = x.person_key
    where
        t.outcome is distinct from 'failed'
        and t.occurred_date >= b.from_date
        and t.occurred_date <= fn_as_of()
    group by t.staff_id, date_trunc('month', t.occurred_date), p.first_channel, p.source_campaign_id
),

weights as (
    select
        s.staff_id,
        s.month_date,
        s.cents,
        t.channel,
        t.campaign_id,
        coalesce(t.touch_count, 1) as touch_count,
        coalesce(sum(t.touch_count) over (partition by s.staff_id, s.month_date), 1)
            as touch_total,
        row_number() over (
            partition by s.staff_id, s.month_date
            order by
                t.touch_count desc, t.channel asc nulls last, t.campaign_id asc nulls last
        ) as share_no
    from staff_months as s
    left join touches as t on s.staff_id = t.staff_id and s.month_date = t.month_date
),

shares as (
    select
        staff_id,
        month_date,
        channel,
        campaign_id,
        cents,
        share_no,
        fn_share(cents, touch_count, touch_total) as share
    from weights
),

-- The cents that are left over go to the largest share.
rounded as (
    select
        month_date,
        channel,
        campaign_id,
        share
        + case
            when share_no = 1
                then cents - sum(share) over (partition by staff_id, month_date)
            else 0
        end as cents
    from shares
)

select
    month_date,  -- First day of the month.
    channel,  -- Channel that brought the people; NULL = touches with nobody.
    campaign_id,  -- Campaign that brought them; NULL = none, or unknown.
    cast(sum(cents) as bigint) as cents  -- Cost of the counted days, in cents.
from rounded
group by month_date, channel, campaign_id
