/*
description: Components that hold what no person can, built again; first what humans decided, the
  latest first, then edges, strongest first. What would bring the offence back is cut.
grain: [node, lesser_node]
*/
{{ config(
    materialized='agglomerate', max_size=var('max_identifiers_per_person'), published=false
) }}
{%- set stands_first =
    'a.id_type < b.id_type or (a.id_type = b.id_type and a.id_value < b.id_value)' %}
-- noqa: disable=LT02,LT05
with

offending as (
    select distinct component
    from {{ ref('component_offence') }}
),

members as (
    select
        c.node,
        c.parent as component
    from {{ ref('component') }} as c
    inner join offending as o on c.parent = o.component
    union all
    select
        component as node,
        component
    from offending
),

unique_types as (
    select
        id_type,
        row_number() over (order by id_type) as unique_no
    from {{ ref('identifier_types') }}
    where is_unique = 'true' and entity = 'person'
),

nodes as (
    select
        i.node,
        m.component,
        i.id_type,
        i.id_value,
        coalesce(u.unique_no, 0) as unique_no,
        case when t.counts_to_size = 'true' then 1 else 0 end as size
    from members as m
    inner join {{ ref('identifier_seen') }} as i on m.node = i.node
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
    left join unique_types as u on i.id_type = u.id_type
),

pairs as (
    select
        e.node,
        e.parent as lesser_node,
        case when d.node is null then r.strength end as strength,
        case when d.node is null then r.first_seen_at end as first_seen_at,
        d.decided_at,
        case d.decision when 'link' then 1 when 'unlink' then 2 else 0 end as kind
    from {{ ref('node_edge') }} as e
    left join {{ ref('raw_edge') }} as r on e.node = r.node and e.parent = r.lesser_node
    left join {{ ref('decided_pair') }} as d on e.node = d.node and e.parent = d.lesser_node
    union all
    select
        d.node,
        d.lesser_node,
        cast(null as bigint) as strength,
        cast(null as timestamp) as first_seen_at,
        d.decided_at,
        2 as kind
    from {{ ref('decided_pair') }} as d
    left join {{ ref('node_edge') }} as e on d.node = e.node and d.lesser_node = e.parent
    where d.decision = 'unlink' and e.node is null
),

edges as (
    select
        e.node,
        e.lesser_node,
        e.kind,
        e.decided_at,
        e.strength,
        e.first_seen_at,
        least(a.id_type, b.id_type) as first_type,
        case when {{ stands_first }} then a.id_value else b.id_value end as first_value,
        greatest(a.id_type, b.id_type) as last_type,
        case when {{ stands_first }} then b.id_value else a.id_value end as last_value,
        a.unique_no as node_unique,
        b.unique_no as lesser_unique,
        a.size as node_size,
        b.size as lesser_size
    from pairs as e
    inner join nodes as a on e.node = a.node
    inner join nodes as b on e.lesser_node = b.node
    -- An unlink of two components has nothing to hold apart. Written so that no engine pairs all
    -- identifiers of a component first.
    where a.component - b.component = 0
)

select
    row_number() over (
        order by
            case when kind = 0 then 1 else 0 end asc, decided_at desc nulls last, kind desc,
            strength asc, first_seen_at asc nulls last, first_type asc, first_value asc,
            last_type asc, last_value asc
    ) as edge_no,  -- Order in which they are tried.
    kind,  -- 0: seen together on records; 1: linked by a human; 2: unlinked by a human.
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    node_unique,  -- Number of the unique type of the one; 0 = its type is not unique.
    lesser_unique,  -- Number of the unique type of the other.
    node_size,  -- 1 = the one counts to the size of a person.
    lesser_size  -- 1 = the other counts.
from edges
