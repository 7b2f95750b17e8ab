/*
description: People who only take free content; they show no company, no interest in a price and no
  conversation with us. The exclusion ends when they show one of these.
grain: [person_key, rule, since_at]
*/
{{ config(published=false) }}
with

touches as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.content_id,
        c.topic
    from {{ ref('person_touch') }} as t
    left join {{ ref('content') }} as c on t.content_id = c.content_id
    where t.direction = 'inbound' and (t.content_id is not null or t.behaviour <> 'view')
),

-- The first time of each piece of content. Courses do not count.
pieces as (
    select
        t.person_key,
        t.content_id,
        min({{ proof('t', 'occurred_at') }}) as first_touch
    from touches as t
    where
        t.behaviour in ('view', 'download', 'attend', 'register')
        and t.content_id is not null
        and coalesce(t.action not in ('enrol', 'course_complete'), true)
    group by t.person_key, t.content_id
),

counted as (
    select
        person_key,
        first_touch,
        row_number() over (partition by person_key order by first_touch, content_id) as piece_no
    from pieces
),

found as (
    select
        c.person_key,
        r.rule,
        c.first_touch.occurred_at as since_at,
        c.first_touch.channel,
        c.first_touch.record_id
    from counted as c
    inner join {{ exclusion_rules_by(['free_content']) }} as r
        on c.piece_no = cast(r.value as bigint)
),

breaks as (
    select
        t.person_key,
        t.occurred_at as broken_at
    from touches as t
    semi join found as f on t.person_key = f.person_key
    left join {{ ref('sincere_actions') }} as s on t.action = s.action
    where
        t.behaviour in ('interact', 'purchase', 'service')
        or t.topic = 'price'
        or s.action is not null
    union all
    select
        v.person_key,
        v.occurred_at as broken_at
    from {{ ref('person_touch') }} as v
    semi join found as f on v.person_key = f.person_key
    where v.action = 'price_view'
    union all
    select
        person_key,
        first_seen_at as broken_at
    from {{ ref('person_account') }}
    union all
    select
        person_key,
        held_from as broken_at
    from {{ ref('deal_hold') }}
),

first_breaks as (
    select
        person_key,
        min(broken_at) as broken_at
    from breaks
    group by person_key
)

select
    f.person_key,  -- Number of the person in this release; joins identity.person.
    f.rule,  -- Rule of exclusion_rules.csv.
    f.since_at,  -- When they took the piece that exceeded the limit (UTC).
    b.broken_at as until_at,  -- When they first did something else (UTC); NULL = never.
    f.channel,  -- Channel of the touch that is the evidence.
    f.record_id  -- [pii] The touch that is the evidence.
from found as f
left join first_breaks as b on f.person_key = b.person_key
where b.broken_at is null or b.broken_at > f.since_at
