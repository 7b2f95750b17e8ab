/*
description: Names of the numbers of touches, as members of the KPI dimension touch_count.
grain: [dimension, member]
*/
{{ config(published=false, materialized='view') }}
select
    'touch_count' as dimension,  -- touch_count.
    tag_value as member,  -- Band of the tag six_touch_progress.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from {{ ref('tag_values') }}
where tag_code = 'six_touch_progress'
