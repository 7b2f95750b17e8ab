/*
description: Customers, by the day of their first purchase and by who brought them, with the gross
  margin of the days after it. Without staff, competitors and bots.
grain: [person_key]
*/
{{ config(published=false) }}
with

lines as (
    select
        r.person_key,
        r.revenue_date,
        r.margin_amount,
        min(case when r.kind <> 'refund' then r.revenue_date end) over (partition by r.person_key)
            as first_date
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as x on r.person_key = x.person_key
    where r.person_key is not null
),

margins as (
    select
        person_key,
        first_date,
        margin_amount,
        date_diff('day', first_date, revenue_date) as days_since
    from lines
    where revenue_date >= first_date
),

sums as (
    select
        person_key,
        first_date,
        coalesce(sum(margin_amount) filter (where days_since <= {{ kpi_window('ltv_90') }}), 0)
            as margin_90,
        coalesce(sum(margin_amount) filter (where days_since <= {{ kpi_window('ltv_180') }}), 0)
            as margin_180,
        coalesce(sum(margin_amount) filter (where days_since <= {{ kpi_window('ltv_365') }}), 0)
            as margin_365
    from margins
    group by person_key, first_date
)

select
    m.person_key,  -- Number of the person in this release; joins identity.person.
    m.first_date,  -- Business date of the first purchase.
    p.first_channel as channel,  -- Channel that brought the person.
    p.source_campaign_id as campaign_id,  -- Campaign that brought the person; NULL = none.
    cast(m.margin_90 as decimal(18, 2)) as margin_90,  -- Margin of 90 days, refunds included.
    cast(m.margin_180 as decimal(18, 2)) as margin_180,  -- Margin of 180 days.
    cast(m.margin_365 as decimal(18, 2)) as margin_365  -- Margin of 365 days.
from sums as m
inner join {{ ref('person') }} as p on m.person_key = p.person_key
