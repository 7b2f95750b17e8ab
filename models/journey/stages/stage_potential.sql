/*
description: The first moment of each segment at which a person has viewed products often enough, on
  enough days. What partners do does not count.
grain: [person_key, segment_no]
*/
{{ config(published=false, restate='person') }}
with

{{ partner_times() }},

-- A view of content counts as a view of the product that the content is about.
raw_views as (
    select
        t.person_key,
        t.occurred_at,
        t.occurred_date,
        t.channel,
        t.record_id
    from {{ ref('person_touch') }} as t
    left join {{ ref('content') }} as c on t.content_id = c.content_id
    anti join partners as x on {{ excluded_at('t', 'occurred_at') }}
    where
        t.direction = 'inbound'
        and t.behaviour = 'view'
        and coalesce(t.product_id, c.product_id) is not null
),

product_views as (
    {{ with_segment('raw_views', 'occurred_at', ['occurred_date', 'channel', 'record_id']) }}
),

view_days as (
    select
        person_key,
        segment_no,
        occurred_date,
        count(*) as view_count,
        row_number() over (partition by person_key, segment_no order by occurred_date) as day_no,
        sum(count(*)) over (
            partition by person_key, segment_no order by occurred_date
            rows between unbounded preceding and current row
        ) as views_so_far
    from product_views
    group by person_key, segment_no, occurred_date
),

-- The first day by whose end there are enough views on enough days.
full_view_days as (
    select
        person_key,
        segment_no,
        occurred_date,
        views_so_far - view_count as views_before
    from view_days
    where
        day_no >= {{ stage_rule('potential_days') }}
        and views_so_far >= {{ stage_rule('potential_views') }}
    qualify row_number() over (partition by person_key, segment_no order by occurred_date) = 1
),

numbered_views as (
    select
        v.person_key,
        v.segment_no,
        v.occurred_at,
        v.channel,
        v.record_id,
        d.views_before + row_number() over (
            partition by v.person_key, v.segment_no order by v.occurred_at, v.channel, v.record_id
        ) as view_no
    from product_views as v
    inner join full_view_days as d
        on
            v.person_key = d.person_key
            and v.segment_no = d.segment_no
            and v.occurred_date = d.occurred_date
),

-- The view that completed the required number is the evidence.
full_views as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id
    from numbered_views
    where view_no >= {{ stage_rule('potential_views') }}
    qualify
        row_number() over (
            partition by person_key, segment_no order by occurred_at, channel, record_id
        ) = 1
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    segment_no,  -- Number of setbacks before it; 0 = before the first.
    occurred_at,  -- When (UTC).
    channel,  -- Channel of the record that is the evidence.
    record_id,  -- [pii] The record that is the evidence.
    'product_views' as reason  -- product_views.
from full_views
