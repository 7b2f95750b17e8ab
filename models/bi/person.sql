/*
description: People 客户, one row each; stage, owner, company, source, tags by name, deals and revenue.
  A person with several companies is shown with the current one.
grain: [person_id]
*/
{{ config(materialized='view', published='view') }}
with

segments as (
    select
        m.one_id,
        count(*) as segment_count,
        string_agg(m.segment, ', ' order by m.segment) as segments,
        string_agg(s.name_zh, '、' order by m.segment) as segment_names_zh,
        string_agg(s.name_en, ', ' order by m.segment) as segment_names_en
    from {{ ref('segment_member') }} as m
    inner join {{ ref('segment') }} as s on m.segment = s.segment
    group by m.one_id
)

select
    p.one_id as person_id,  -- 客户编号. The person; key of this table.
    p.full_name,  -- [pii] 姓名. Name.
    p.mobile,  -- [pii] 手机. Mobile, E.164.
    p.email,  -- [pii] 邮箱. Mail address.
    p.title as job_title,  -- 职务. Job title as written.
    p.city,  -- 城市. City.
    p.first_seen_at,  -- 首次出现时间. Earliest record (UTC).
    p.last_seen_at,  -- 最近出现时间. Latest record (UTC).
    j.stage,  -- 阶段编码. Stage of the journey now; NULL = in none.
    g.name_zh as stage_name_zh,  -- 阶段. Name of the stage.
    g.name_en as stage_name_en,  -- 阶段英文名. Name of the stage in English.
    j.stage_rank,  -- 阶段序号. Order of the stages: 1 = first.
    j.since_at as stage_since_at,  -- 进入阶段时间. When the person entered the stage (UTC).
    j.days_in_stage,  -- 阶段停留天数. Whole days in the stage. Average it, do not add it up.
    j.is_dormant,  -- 是否沉睡. True = no inbound touch for dormant_days.
    j.is_lead,  -- 是否线索. True = has reached the stage of a lead and is not excluded.
    j.exclusion,  -- 排除原因编码. Why the person is no lead: learner, competitor, bot, staff or partner.
    coalesce(s.segment_count, 0) as segment_count,  -- 分群数. Segments that the person is in.
    s.segments,  -- 分群编码. Segments, separated by commas: filter with contains.
    s.segment_names_zh,  -- 分群. Names of the segments, separated by 、.
    s.segment_names_en  -- 分群英文名. Names of the segments in English.
from {{ ref('person') }} as p
left join {{ ref('person_stage') }} as j on p.person_key = j.person_key
left join {{ ref('dim_stage') }} as g on j.stage = g.stage
left join segments as s on p.one_id = s.one_id
