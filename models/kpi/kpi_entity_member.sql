/*
description: To which member of each KPI dimension people and companies belong, from the models in
  models/kpi/members. KPIs resolve their dimensions here.
grain: [level, entity_key, dimension, member]
*/
{{ config(published=false) }}
with

members as (
    {{ union_models('kpi/members', {
        'level': 'varchar', 'entity_key': 'bigint', 'dimension': 'varchar', 'member': 'varchar'
    }) }}
)

select
    level,  -- person or account: whose key it is.
    entity_key,  -- Number of the person or company in this release.
    dimension,  -- Dimension, as in kpi_dimensions.csv.
    member  -- Member of the dimension.
from members
where member is not null
