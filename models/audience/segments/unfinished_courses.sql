/*
description: People who began a course and have not completed one.
grain: [one_id]
name_zh: 未完课学员
name_en: Unfinished courses
purpose: Remind them of the next lesson. Whoever completes a course asks for an adviser more
  often.
owner: training
audience: people
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when course_progress = 'half' then '课程过半，尚未完课' else '已报名课程，未过半' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when course_progress = 'half' then 'Half of a course is done.'
        else 'Enrolled in a course, and not half of it is done.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where course_progress in ('enrolled', 'half')
