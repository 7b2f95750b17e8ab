/*
description: The people of each content stage, those of them who saw fitting content within
  capability_days, and how much content there is. Without staff, competitors and bots.
grain: [content_stage]
*/
{{ config(published=false) }}
with

content as (
    select
        content_stage,
        count(*) as content_count
    from {{ ref('dim_content') }}
    where content_stage is not null
    group by content_stage
),

-- Who registers for content has not seen it yet.
seen as (
    select distinct
        t.person_key,
        c.content_stage
    from {{ ref('person_touch') }} as t
    inner join {{ ref('dim_content') }} as c on t.content_id = c.content_id
    where
        t.direction = 'inbound'
        and t.behaviour <> 'register'
        and t.occurred_at < fn_as_of_end()
        and t.occurred_date > fn_as_of() - {{ var('capability_days') }} * interval 1 day
),

people as (
    select
        s.content_stage,
        count(*) as people_count,
        count(n.person_key) as seen_count
    from {{ ref('person_stage') }} as s
    inner join {{ ref('kpi_person') }} as p on s.person_key = p.person_key
    left join seen as n on s.person_key = n.person_key and s.content_stage = n.content_stage
    group by s.content_stage
)

select
    g.content_stage,  -- Stage that content is for, as in content_stages.csv.
    g.name_zh,  -- Chinese name.
    g.name_en,  -- English name.
    coalesce(p.people_count, 0) as people_count,  -- People whom this content fits now.
    coalesce(p.seen_count, 0) as seen_count,  -- Those of them who saw some within capability_days.
    coalesce(c.content_count, 0) as content_count  -- Items of content.csv for the stage.
from {{ ref('content_stages') }} as g
left join people as p on g.content_stage = p.content_stage
left join content as c on g.content_stage = c.content_stage
