/*
description: What each tag requires, as tags.csv says, and whether it is there. If a channel or a
  reference table is missing, the tag has no rows.
grain: [tag_code, input]
*/
{{- config(published=false) }}
{%- set required = [] %}
{%- for row in reference('tags') %}
    {%- for input in row.requires.split(',') if input | trim %}
        {%- if required.append((row.tag_code, input | trim)) %}{% endif %}
    {%- endfor %}
{%- endfor %}
with

required as (
    {%- for tag_code, input in required %}
    select
        {{ literal(tag_code) }} as tag_code,
        {{ literal(input) }} as input{{ '\n    union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as tag_code,
        cast(null as varchar) as input
    where false
    {%- endfor %}
),

counted as (
    {%- for input in required | map(attribute=1) | unique %}
    {%- set table, _, column = (input | replace('reference:', '')).partition('.') %}
    select
        {{ literal(input) }} as input,
        count({{ column or '*' }}) as value_count
    from {{ ref(table) }}{{ '\n    union all' if not loop.last }}
    {%- else %}
    select
        cast(null as varchar) as input,
        cast(0 as bigint) as value_count
    where false
    {%- endfor %}
)

select
    r.tag_code,  -- Tag.
    r.input,  -- Record shape, shape.column, or reference:table.
    c.value_count,  -- Rows, or values of the column.
    c.value_count > 0 as is_filled  -- False = nothing fills it, so the tag cannot be computed.
from required as r
inner join counted as c on r.input = c.input
