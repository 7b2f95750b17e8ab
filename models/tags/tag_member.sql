/*
description: Names of the values of tags, from tag_values.csv and from the tables that the values of
  other tags come from.
grain: [tag_code, tag_value]
*/
{%- set listed = reference('tags') | selectattr('values_from', 'ne', '')
    | rejectattr('values_from', 'in', ['number', 'channels']) | list %}
{%- set by_channel = reference('tags') | selectattr('values_from', 'equalto', 'channels') | list %}
with

listed as (
    select
        tag_code,
        tag_value,
        cast(value_order as bigint) as value_order,
        name_zh,
        name_en
    from {{ ref('tag_values') }}
    {%- for row in listed %}
    {%- set table, _, column = row.values_from.partition('.') %}
    {%- set rows = reference(table) %}
    {%- set is_key = rows | map(attribute=column) | unique | list | length == rows | length %}
    union all
    select distinct
        {{ literal(row.tag_code) }} as tag_code,
        {{ column }} as tag_value,
        cast(null as bigint) as value_order,
        {{ optional_column(table, 'name_zh') if is_key else 'cast(null as varchar)' }} as name_zh,
        {{ optional_column(table, 'name_en') if is_key else 'cast(null as varchar)' }} as name_en
    from {{ ref(table) }}
    {%- endfor %}
    {%- for row in by_channel %}
    union all
    select
        {{ literal(row.tag_code) }} as tag_code,
        channel as tag_value,
        cast(null as bigint) as value_order,
        {{ title_zh('title') }} as name_zh,
        {{ title_en('title') }} as name_en
    from {{ source('ops', 'channel_status') }}
    {%- endfor %}
),

members as (
    select
        tag_code,
        tag_value,
        min(value_order) as value_order,
        min(name_zh) as name_zh,
        min(name_en) as name_en
    from listed
    where tag_value is not null
    group by tag_code, tag_value
)

select
    tag_code,  -- Tag.
    tag_value,  -- Value.
    value_order,  -- Order among the values; NULL = no order.
    {{ member_names('tag_value') }}
from members
