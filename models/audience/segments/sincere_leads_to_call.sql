/*
description: Prospects who asked for a price or used a coupon and have not had too many touches of
  ours; with the time of the day at which they are active, and what decides for them.
grain: [one_id]
name_zh: 高诚意可联系的潜客
name_en: Sincere prospects to call
purpose: Call them at the time of the day at which they are active, about what decides for them.
owner: inside sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    p.one_id,  -- The person.
    '已询价或用券；活跃时段：' || coalesce(d.name_zh, '未知')
    || '；决策因素：' || coalesce(f.name_zh, '未知')
        as why_zh,  -- Why they are in, in Chinese.
    'Asked for a price or used a coupon; active: ' || coalesce(lower(d.name_en), 'unknown')
    || '; decides by: ' || coalesce(lower(f.name_en), 'unknown') || '.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }} as p
left join {{ ref('tag_values') }} as d
    on p.active_daypart = d.tag_value and d.tag_code = 'active_daypart'
left join {{ ref('tag_values') }} as f
    on p.decision_factor = f.tag_value and f.tag_code = 'decision_factor'
where p.sincerity_level = 'ultimate' and coalesce(p.touch_fatigue, 'low') <> 'over'
