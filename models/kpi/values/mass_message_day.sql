/*
description: Business days on which we sent far more than usual, and the days after on which people
  answer. What a figure does on these days, the message explains.
grain: [business_date]
*/
{{ config(published=false) }}
with

sent as (
    select
        fn_local_date(occurred_at) as sent_date,
        count(*) as sent_count
    from {{ ref('touch') }}
    where direction = 'outbound' and occurred_at < fn_as_of_end()
    group by fn_local_date(occurred_at)
),

days as (
    select
        b.business_date,
        b.weekday,
        coalesce(s.sent_count, 0) as sent_count
    from {{ ref('business_day') }} as b
    left join sent as s on b.business_date = s.sent_date
),

-- The same band as that of a KPI that is a count: see kpi_band.
usual as (
    select
        business_date,
        sent_count,
        median(sent_count) over (
            partition by weekday order by business_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as usual_count
    from days
),

spread as (
    select
        business_date,
        sent_count,
        usual_count,
        count(*) over (
            order by business_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as day_count,
        median(abs(sent_count - usual_count)) over (
            order by business_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as deviation
    from usual
),

mass as (
    select
        business_date,
        sent_count,
        usual_count
    from spread
    where
        day_count >= {{ var('baseline_min_days') }}
        and sent_count - usual_count > {{ var('alert_sigmas') }} * greatest(
            {{ var('sigma_margin') }} * 1.4826 * deviation, sqrt(greatest(usual_count, 1.0))
        )
)

select
    d.business_date,  -- Business date, of the message or of a day after.
    max(m.business_date) as sent_date,  -- Day of the last such message.
    arg_max(m.sent_count, m.business_date)
        as sent_count,  -- Touches of ours on that day, failed ones included.
    cast(arg_max(m.usual_count, m.business_date) as decimal(24, 6))
        as usual_count  -- Their usual number: median of the same weekday.
from mass as m
inner join {{ ref('business_day') }} as d
    on
        m.business_date <= d.business_date
        and m.business_date + {{ var('answer_days') }} * interval 1 day > d.business_date
group by d.business_date
