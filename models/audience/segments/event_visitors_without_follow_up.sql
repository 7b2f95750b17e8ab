/*
description: People whose badge was scanned at an event in the last new_contact_days days, and who
  have heard nothing from us since.
grain: [one_id]
name_zh: 活动到场未跟进
name_en: Event visitors without follow-up
purpose: Call them while they remember the event.
owner: marketing
audience: people
*/
{{- config(published=false, materialized='view') }}
with

visits as (
    select
        a.person_key,
        max(a.last_at) as visited_at,
        min(a.days_since) as days_ago
    from {{ ref('person_action') }} as a
    inner join {{ ref('event_forms') }} as f on a.action = f.action
    where
        f.form = 'offline' and a.is_inbound and a.days_since < {{ threshold('new_contact_days') }}
    group by a.person_key
)

select
    p.one_id,  -- The person.
    cast(v.days_ago as varchar) || ' 天前到场参加活动，尚未跟进'
        as why_zh,  -- Why they are in, in Chinese.
    'Came to an event ' || cast(v.days_ago as varchar) || ' days ago, and heard nothing since.'
        as why_en  -- Why they are in, in English.
from visits as v
inner join {{ ref('person_scope') }} as p on v.person_key = p.person_key
left join {{ ref('last_contact') }} as c on v.person_key = c.person_key
where c.last_contact_at is null or c.last_contact_at <= v.visited_at
