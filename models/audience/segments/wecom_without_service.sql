/*
description: People who added a member of staff on WeCom in the last new_contact_days days, and
  have heard nothing from us since.
grain: [one_id]
name_zh: 新加企微未服务
name_en: New on WeCom without service
purpose: Greet them. Whoever hears nothing after adding us leaves again.
owner: private domain operations
audience: people
*/
{{- config(published=false, materialized='view') }}
with

-- Whoever added several members of staff waits since the latest of them.
links as (
    select
        person_key,
        max(started_at) as started_at
    from {{ ref('person_link') }}
    where touchpoint = 'wecom' and ended_at is null
    group by person_key
),

recent as (
    select
        person_key,
        started_at,
        {{ days_ago('fn_local_date(started_at)') }} as days_ago
    from links
    where {{ days_ago('fn_local_date(started_at)') }} < {{ threshold('new_contact_days') }}
)

select
    p.one_id,  -- The person.
    '添加企微 ' || cast(r.days_ago as varchar) || ' 天，尚无人联系'
        as why_zh,  -- Why they are in, in Chinese.
    'Added us on WeCom ' || cast(r.days_ago as varchar) || ' days ago, and heard nothing since.'
        as why_en  -- Why they are in, in English.
from recent as r
inner join {{ ref('person_scope') }} as p on r.person_key = p.person_key
left join {{ ref('last_contact') }} as c on r.person_key = c.person_key
where c.last_contact_at is null or c.last_contact_at < r.started_at
