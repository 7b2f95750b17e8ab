/*
description: Customers who lack product lines that companies like theirs usually own.
grain: [one_id]
name_zh: 同行已购而本客户未购
name_en: Customers who lack what their peers own
purpose: Offer the product lines that are missing, with a case of their own industry.
owner: product marketing
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '同行常用而尚未购买：' || cross_sell_gap as why_zh,  -- Why they are in, in Chinese.
    'Usual in their industry, and not theirs: ' || cross_sell_gap || '.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where cross_sell_gap is not null
