/*
description: Customers who bought recently, often and much.
grain: [one_id]
name_zh: 重要价值客户
name_en: Champions
purpose: Keep them well. Invite them to talk about their case.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '近期购买、次数多、金额高' as why_zh,  -- Why they are in, in Chinese.
    'Bought recently, often and much.' as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where rfm_segment = 'champion'
