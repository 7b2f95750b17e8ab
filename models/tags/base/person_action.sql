/*
description: Touches that tags look for by their action, in figures; sincere actions, looks at
  prices, events, shows and courses. One pass over the touches serves several tag classes.
grain: [person_key, channel, action, is_inbound]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{%- set factors = reference('decision_factors') | selectattr('source', 'equalto', 'action') %}
{%- set actions = ['price_view', 'live', 'replay', 'enrol', 'course_complete']
    + (factors | map(attribute='value') | list)
    + (reference('sincere_actions') | map(attribute='action') | list)
    + (reference('event_forms') | map(attribute='action') | list) %}
with

touches as (
    select
        person_key,
        channel,
        action,
        direction = 'inbound' as is_inbound,
        occurred_at,
        {{ days_ago('occurred_date') }} as days_ago,
        action not in ('visit', 'meeting') or coalesce(outcome, '') <> 'failed' as has_happened,
        duration_seconds,
        progress * 100 >= {{ threshold('course_half_percent') }} as is_half
    from {{ ref('person_touch') }}
    where
        (direction = 'inbound' or action in ('visit', 'meeting'))
        and (
            progress is not null
            or action in (
                {%- for action in actions | unique | sort %}
                {{ literal(action) }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        )
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    channel,  -- Channel code.
    action,  -- Action in the finer terms of the channel.
    is_inbound,  -- True = the person acted.
    max(occurred_at) as last_at,  -- Latest touch (UTC).
    min(days_ago) as days_since,  -- Days from the latest touch to as_of.
    cast(count_if(days_ago < {{ threshold('interest_days') }}) as bigint)
        as interest_touches,  -- Touches in the last interest_days days.
    max(case when has_happened then occurred_at end)
        as happened_at,  -- Latest touch that is not a failed visit or meeting (UTC).
    min(case when has_happened then days_ago end)
        as happened_days,  -- Days from that touch to as_of.
    cast(sum(duration_seconds) as bigint) as seconds,  -- How long the touches took, in seconds.
    max(case when is_half then occurred_at end)
        as half_at  -- Latest touch with a progress of at least course_half_percent percent (UTC).
from touches
group by person_key, channel, action, is_inbound
