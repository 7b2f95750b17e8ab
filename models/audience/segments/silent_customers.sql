/*
description: Customers who did nothing in the last activity_days days.
grain: [one_id]
name_zh: 沉默客户
name_en: Silent customers
purpose: Ask how they are doing before they buy elsewhere.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    p.one_id,  -- The person.
    '客户已沉默 ' || cast(a.silent_days as varchar) || ' 天'
        as why_zh,  -- Why they are in, in Chinese.
    'A customer who did nothing for ' || cast(a.silent_days as varchar) || ' days.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }} as p
inner join {{ ref('audience_person') }} as a on p.one_id = a.one_id
where p.activity_grade = 'dormant'
