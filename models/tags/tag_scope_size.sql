/*
description: How many people or companies each scope of tag_scopes.csv has.
grain: [scope]
*/
{{- config(published=false) }}
with

sizes as (
    {%- for row in reference('tag_scopes') %}
    select
        {{ literal(row.scope) }} as scope,
        {{ literal(row.level) }} as level,
        coalesce(count_if(is_{{ row.scope }}), 0) as entity_count
    from {{ ref('person_scope' if row.level == 'person' else 'account_scope') }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
)

select
    scope,  -- Scope, as in applies_to of tags.csv.
    level,  -- person or account.
    cast(entity_count as bigint) as entity_count  -- People or companies in it.
from sizes
