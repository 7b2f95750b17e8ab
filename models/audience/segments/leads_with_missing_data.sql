/*
description: Leads without a name, or without both a verified mobile and a corporate mail address.
grain: [one_id]
name_zh: 资料待补全的线索
name_en: Leads with missing data
purpose: Ask for what is missing in the next conversation, so that sales can call and write to them.
owner: marketing operations
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when real_name_status = 'none' then '没有姓名' else '没有已核实的手机号，也没有企业邮箱' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when real_name_status = 'none' then 'The name is missing.'
        else 'Neither a verified mobile nor a corporate mail address is known.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    is_lead
    and (
        real_name_status = 'none'
        or (mobile_status <> 'verified' and email_kind <> 'corporate')
    )
