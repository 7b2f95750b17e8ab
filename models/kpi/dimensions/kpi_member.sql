/*
description: Names of the members of KPI dimensions, from the models in models/kpi/names. Members
  without a name, such as teams and product lines, are shown by their key.
grain: [dimension, member]
*/
with

names as (
    {{ union_models('kpi/names', {
        'dimension': 'varchar', 'member': 'varchar', 'name_zh': 'varchar', 'name_en': 'varchar'
    }) }}
)

select
    dimension,  -- Dimension, as in kpi_value.
    member,  -- Member, as in kpi_value; NULL = total.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from names
