/*
description: Business days on which a channel delivered data. A day that has only zeros counts as
  missing.
grain: [channel, business_date]
*/
{{- config(published=false) }}
with

delivered as (
    select
        channel,
        fn_local_date(occurred_at) as business_date
    from {{ ref('touch') }}
    union all
    select
        channel,
        fn_local_date(observed_at) as business_date
    from {{ ref('contact') }}
    union all
    select
        channel,
        fn_local_date(started_at) as business_date
    from {{ ref('link') }}
    union all
    select
        channel,
        fn_local_date(opened_at) as business_date
    from {{ ref('ticket') }}
    union all
    select
        channel,
        fn_local_date(occurred_at) as business_date
    from {{ ref('deal') }}
    union all
    select
        channel,
        revenue_date as business_date
    from {{ ref('revenue_line') }}
)

select
    channel,  -- Channel code.
    business_date,  -- Business date.
    count(*) as record_count  -- Records of that day.
from delivered
group by channel, business_date
