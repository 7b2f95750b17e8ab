/*
description: Names of the segments, as members of the KPI dimension segment.
grain: [dimension, member]
*/
{{ config(published=false, materialized='view') }}
select
    'segment' as dimension,  -- segment.
    segment as member,  -- Segment.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from {{ ref('segment') }}
