/*
description: Students and others who only learn, who are on no list.
grain: [one_id]
name_zh: 学习者（不触达）
name_en: Learners, kept out
purpose: Do not sell to them. Offer them the academy if you like.
owner: marketing operations
audience: kept_out
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '学习者，不采购' as why_zh,  -- Why they are in, in Chinese.
    'Learns, and does not buy.' as why_en  -- Why they are in, in English.
from {{ ref('audience_person') }}
where relationship_type = 'learner'
