/*
description: People who write in our groups.
grain: [one_id]
name_zh: 群内活跃成员
name_en: Voices in groups
purpose: Answer them first, and ask them to tell others of their experience.
owner: private domain operations
audience: people
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when group_role = 'koc' then '群内关键意见消费者' else '在群内发言' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when group_role = 'koc' then 'A key opinion consumer in our groups.'
        else 'Writes in our groups.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where group_role in ('active', 'koc')
