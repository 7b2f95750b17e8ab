/*
description: Customers who have bought once, and not long ago.
grain: [one_id]
name_zh: 待复购客户
name_en: Customers before the second purchase
purpose: Win the second purchase. It makes a buyer a regular customer.
owner: sales
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '近期首次购买，尚未复购' as why_zh,  -- Why they are in, in Chinese.
    'Bought once, not long ago.' as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where repurchase_status = 'one_time' and rfm_segment in ('new', 'develop')
