/*
description: Identifiers that are shared, such as a switchboard, a tablet at a booth or a common
  mailbox. They were seen with more other identifiers of one type, or more names, than one person
  has.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set named = [] %}
{%- for row in reference('neighbour_limits') %}
{%- if row.neighbour == 'full_name' and row.id_type in id_types('person') %}
{%- set _ = named.append(row) %}
{%- endif %}
{%- endfor %}
with

{{ counted_neighbours(ref('raw_edge'), ref('identifier_seen')) }},

-- Also records after as_of, as with edges.
people as (
    select
        full_name,
        {{ shape_identifiers() | join(', ') }}
    from {{ ref('contact') }}
    where full_name is not null
    union all
    select
        full_name,
        {{ shape_identifiers() | join(', ') }}
    from ({{ union_shape('contact', beyond=true) }}) as contact_beyond
    where full_name is not null
),

names as (
    select
        cast(null as varchar) as id_type,
        cast(null as varchar) as id_value,
        cast(null as bigint) as name_count
    where false
    {%- for row in named %}
    union all
    select
        {{ literal(row.id_type) }} as id_type,
        {{ id_value(row.id_type) }} as id_value,
        count(distinct lower(full_name)) as name_count
    from people
    where {{ id_value(row.id_type) }} is not null
    group by {{ id_value(row.id_type) }}
    {%- endfor %}
)

select
    node,  -- Number of the identifier.
    neighbour_type,  -- Type of which there are too many neighbours, or full_name.
    neighbour_count,  -- Number of those neighbours or names.
    max_neighbours  -- How many one person may have, by identifier_types and neighbour_limits.
from counted
where neighbour_count > max_neighbours
union all
select
    i.node,
    'full_name' as neighbour_type,
    n.name_count as neighbour_count,
    cast(l.max_count as bigint) as max_neighbours
from names as n
inner join {{ ref('neighbour_limits') }} as l on n.id_type = l.id_type and l.neighbour = 'full_name'
inner join {{ ref('identifier_seen') }} as i on n.id_type = i.id_type and n.id_value = i.id_value
where n.name_count > cast(l.max_count as bigint) and i.verdict = 'valid'
