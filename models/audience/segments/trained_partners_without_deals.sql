/*
description: People of partners who have completed a course, but brought no deal.
grain: [one_id]
name_zh: 已完课未成单的伙伴
name_en: Trained partners without deals
purpose: Ask what they need to sell: leads, material, or a visit together.
owner: partner management
audience: partners
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '已完课，尚无成交' as why_zh,  -- Why they are in, in Chinese.
    'Completed a course, and brought no deal.' as why_en  -- Why they are in, in English.
from {{ ref('partner') }}
where completed_count > 0 and deal_count = 0
