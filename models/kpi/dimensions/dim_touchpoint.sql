/*
description: Touchpoints by which people can be reached, from touchpoints.csv.
grain: [touchpoint]
*/
{{ config(entities={'touchpoint': 'touchpoint'}) }}
select
    touchpoint,  -- Key; member of the KPI dimension 'touchpoint'.
    is_owned = 'true' as is_owned,  -- True = the company owns the touchpoint.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from {{ ref('touchpoints') }}
