/*
description: Decision makers who did nothing in the last activity_days days.
grain: [one_id]
name_zh: 沉睡的决策人
name_en: Dormant decision makers
purpose: Wake them up personally. Without them no deal of their company is decided.
owner: sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '决策人，近期没有任何活动' as why_zh,  -- Why they are in, in Chinese.
    'Decides, and has done nothing of late.' as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where buying_role = 'decision_maker' and activity_grade = 'dormant'
