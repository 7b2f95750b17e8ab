/*
description: Prospects with an opportunity that is expected within a quarter.
grain: [one_id]
name_zh: 本季度采购的潜客
name_en: Buyers of this quarter
purpose: Bring an offer to whoever decides, before the date that is expected.
owner: sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    p.one_id,  -- The person.
    case when p.purchase_timing = 'now' then '30 天内采购' else '一季度内采购' end
    || '；职能：' || coalesce(j.name_zh, '未知') || '；职级：' || coalesce(s.name_zh, '未知')
        as why_zh,  -- Why they are in, in Chinese.
    case when p.purchase_timing = 'now' then 'Buys within 30 days' else 'Buys within a quarter' end
    || '; function: ' || coalesce(lower(j.name_en), 'unknown')
    || '; seniority: ' || coalesce(lower(s.name_en), 'unknown') || '.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }} as p
left join {{ ref('job_functions') }} as j on p.job_function = j.job_function
left join {{ ref('seniorities') }} as s on p.seniority = s.seniority
where p.purchase_timing in ('now', 'quarter')
