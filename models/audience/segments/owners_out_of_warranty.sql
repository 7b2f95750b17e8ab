/*
description: People of customers whose devices are out of warranty.
grain: [one_id]
name_zh: 设备已过保的客户
name_en: Owners of devices out of warranty
purpose: Offer a service contract or a replacement.
owner: after-sales
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '设备已过保；企业设备数：' || device_count_band
        as why_zh,  -- Why they are in, in Chinese.
    'Out of warranty; devices of the company: ' || device_count_band || '.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where warranty_status = 'expired'
