/*
description: What tags say of companies, from the models in models/kpi/company_portraits. Where tags
  are not built, nothing is said.
grain: [entity_key, tag_code]
*/
{{ config(published=false, materialized='view') }}
with

portraits as (
    {{ union_models('kpi/company_portraits', {
        'entity_key': 'bigint', 'tag_code': 'varchar', 'tag_value': 'varchar', 'name_zh': 'varchar',
        'name_en': 'varchar'
    }) }}
)

select
    entity_key,  -- Number of the company in this release.
    tag_code,  -- Tag.
    tag_value,  -- Its value.
    coalesce(name_zh, tag_value) as name_zh,  -- Chinese name of the value.
    coalesce(name_en, tag_value) as name_en  -- English name of the value.
from portraits
