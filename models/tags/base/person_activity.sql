/*
description: Inbound touches of each person in figures, from one pass over all touches. Several tag
  classes read it.
grain: [one_id]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{%- set behaviours = [
    'view', 'download', 'register', 'attend', 'interact', 'purchase', 'service'
] %}
with

touches as (
    select
        person_key,
        channel,
        occurred_at,
        behaviour,
        {{ days_ago('occurred_date') }} as days_ago,
        {{ days_ago('occurred_date') }} < {{ threshold('interest_days') }} as is_interest
    from {{ ref('person_touch') }}
    where direction = 'inbound'
),

-- Numbers instead of texts, because each touch is compared with them many times.
coded as (
    select
        person_key,
        channel,
        occurred_at,
        days_ago,
        is_interest,
        case
            {%- for behaviour in behaviours %}
            when is_interest and behaviour = '{{ behaviour }}' then {{ 2 ** loop.index0 }}
            {%- endfor %}
            else 0
        end as behaviour_bit
    from touches
),

by_channel as (
    select
        person_key,
        channel,
        max(occurred_at) as last_at,
        count(*) as touch_count,
        min(days_ago) as days_since,
        count_if(days_ago < {{ var('activity_days') }}) as recent_touches,
        count_if(
            days_ago >= {{ var('activity_days') }} and days_ago < 2 * {{ var('activity_days') }}
        ) as earlier_touches,
        count_if(is_interest) as interest_touches,
        bit_or(behaviour_bit) as behaviour_bits
    from coded
    group by person_key, channel
),

by_person as (
    select
        person_key,
        max(last_at) as last_at,
        arg_max(channel, struct_pack(last_at := last_at, channel := channel)) as last_channel,
        sum(touch_count) as touch_count,
        min(days_since) as days_since,
        sum(recent_touches) as recent_touches,
        sum(earlier_touches) as earlier_touches,
        sum(interest_touches) as interest_touches,
        count(*) as channel_count,
        count_if(recent_touches > 0) as recent_channels,
        count_if(interest_touches > 0) as interest_channels,
        bit_count(bit_or(behaviour_bits)) as behaviour_count
    from by_channel
    group by person_key
)

select
    s.one_id,  -- The person.
    b.person_key,  -- Number of the person in this release, for joins.
    b.last_at,  -- Latest touch (UTC).
    b.last_channel,  -- Its channel.
    cast(b.touch_count as bigint) as touch_count,  -- Touches.
    b.days_since,  -- Days from the latest touch to as_of.
    cast(b.recent_touches as bigint) as recent_touches,  -- Touches in the last activity_days days.
    cast(b.earlier_touches as bigint)
        as earlier_touches,  -- Touches in as many days before them.
    cast(b.interest_touches as bigint)
        as interest_touches,  -- Touches in the last interest_days days.
    b.channel_count,  -- Channels with a touch.
    cast(b.recent_channels as bigint)
        as recent_channels,  -- Channels with a touch in the last activity_days days.
    cast(b.interest_channels as bigint)
        as interest_channels,  -- Channels with a touch in the last interest_days days.
    cast(b.behaviour_count as bigint)
        as behaviour_count  -- Different behaviours in the last interest_days days, 0 to 7.
from by_person as b
inner join {{ ref('person') }} as s on b.person_key = s.person_key
