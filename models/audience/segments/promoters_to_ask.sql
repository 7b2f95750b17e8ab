/*
description: Customers who would recommend us, have not done so yet, and wait for nothing from our
  service.
grain: [one_id]
name_zh: 可请推荐的客户
name_en: Promoters to ask for a referral
purpose: Ask them for a referral while they are content.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '愿意推荐，无未结工单' as why_zh,  -- Why they are in, in Chinese.
    'Would recommend us, and has no open ticket.' as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where advocacy = 'promoter' and coalesce(open_ticket, 'none') = 'none'
