/*
description: People of partners who have completed no course.
grain: [one_id]
name_zh: 待培训伙伴
name_en: Partners to train
purpose: Train them. A partner who knows the products sells more of them.
owner: partner management
audience: partners
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when enrolled_count > 0 then '已报名课程，尚未完课' else '尚未报名课程' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when enrolled_count > 0 then 'Enrolled in a course, and completed none.'
        else 'Has enrolled in no course.'
    end as why_en  -- Why they are in, in English.
from {{ ref('partner') }}
where completed_count = 0
