/*
description: People who watched the replay of a show in the last interest_days days.
grain: [one_id]
name_zh: 直播回放观众
name_en: Webinar replay watchers
purpose: Invite them to the next show, and send what belongs to the one they watched.
owner: content marketing
audience: people
*/
{{- config(published=false, materialized='view') }}
with

replays as (
    select
        person_key,
        sum(interest_touches) as replay_count
    from {{ ref('person_action') }}
    where action = 'replay' and is_inbound and interest_touches > 0
    group by person_key
)

select
    p.one_id,  -- The person.
    '看过回放 ' || cast(r.replay_count as varchar) || ' 次'
        as why_zh,  -- Why they are in, in Chinese.
    'Times that they watched a replay: ' || cast(r.replay_count as varchar) || '.'
        as why_en  -- Why they are in, in English.
from replays as r
inner join {{ ref('person_scope') }} as p on r.person_key = p.person_key
