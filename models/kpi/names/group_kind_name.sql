/*
description: Names of the kinds of groups, as members of the KPI dimension group_kind.
grain: [dimension, member]
*/
{{ config(published=false, materialized='view') }}
select
    'group_kind' as dimension,  -- group_kind.
    group_kind as member,  -- Kind of group, as in groups.csv.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from {{ ref('group_kinds') }}
