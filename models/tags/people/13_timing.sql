/*
description: Class 13, timing 时机; at which time of day a person is active, and when they will buy.
grain: [one_id, tag_code, tag_value]
*/
-- noqa: disable=LT02
{{- config(published=false, materialized='view') }}
{%- set dayparts = reference('tag_bands') | selectattr('tag_code', 'equalto', 'active_daypart')
    | list %}
with

touches as (
    select
        person_key,
        channel,
        occurred_at,
        fn_local_hour(occurred_at) as local_hour
    from {{ ref('person_touch') }}
    where
        direction = 'inbound'
        and {{ days_ago('occurred_date') }} < {{ threshold('interest_days') }}
        and occurred_at <> fn_local_midnight(occurred_date)
),

-- Numbers instead of texts, because they are grouped three times. Touches without a daypart stay
-- in, because a filter would compute the hour again for each border.
coded as (
    select
        person_key,
        channel,
        occurred_at,
        case
            {%- for row in dayparts %}
            when {{ in_band(row, 'local_hour') }} then {{ row.order }}
            {%- endfor %}
        end as daypart
    from touches
),

daypart_channels as (
    select
        person_key,
        channel,
        daypart,
        max(occurred_at) as last_at,
        count(*) as touch_count
    from coded
    group by person_key, channel, daypart
),

dayparts as (
    select
        person_key,
        daypart,
        cast(sum(touch_count) as bigint) as touch_count,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from daypart_channels
    group by person_key, daypart
),

-- The daypart with the most touches; ties by the order of the bands.
top_dayparts as (
    select
        person_key,
        max(touch_count) filter (where daypart is not null) as touch_count,
        arg_max(daypart, touch_count * 100 - daypart) filter (where daypart is not null) as daypart,
        arg_max(proof, touch_count * 100 - daypart) filter (where daypart is not null) as proof,
        arg_max(channel_count, touch_count * 100 - daypart)
            filter (where daypart is not null) as channel_count
    from dayparts
    group by person_key
),

expected as (
    select
        h.person_key,
        h.channel,
        -{{ days_ago('d.expected_date') }} as days_to,
        max(h.held_from) as last_at
    from {{ ref('deal_hold') }} as h
    inner join {{ ref('deal') }} as d on h.channel = d.channel and h.record_id = d.record_id
    where h.hold = 'open' and h.held_to is null and d.expected_date is not null
    group by h.person_key, h.channel, d.expected_date
),

by_date as (
    select
        person_key,
        days_to,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from expected
    group by person_key, days_to
),

earliest as (
    select
        person_key,
        min(days_to) as days_to,
        arg_min(proof, days_to) as proof,
        arg_min(channel_count, days_to) as channel_count
    from by_date
    group by person_key
),

tagged as (
    select
        p.one_id,
        'active_daypart' as tag_code,
        case d.daypart
            {%- for row in dayparts %}
            when {{ row.order }} then {{ literal(row.band) }}
            {%- endfor %}
        end as tag_value,
        d.touch_count as score,
        d.proof.occurred_at as evidence_at,
        d.proof.channel as evidence_channel,
        d.channel_count as source_count
    from {{ ref('person_scope') }} as p
    inner join top_dayparts as d on p.person_key = d.person_key
    where p.is_people and d.daypart is not null
    union all
    select
        p.one_id,
        'purchase_timing' as tag_code,
        coalesce({{ band('purchase_timing', 'e.days_to') }}, 'unknown') as tag_value,
        e.days_to as score,
        e.proof.occurred_at as evidence_at,
        e.proof.channel as evidence_channel,
        coalesce(e.channel_count, 0) as source_count
    from {{ ref('person_scope') }} as p
    left join earliest as e on p.person_key = e.person_key
    where p.is_opportunity
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4))
        as score,  -- Touches in the daypart, or days to the expected date.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
