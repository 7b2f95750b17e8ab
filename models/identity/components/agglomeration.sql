/*
description: Components that cannot be one person, rebuilt edge by edge. Human decisions come first,
  the latest first; then edges, the strongest first. An edge that would repeat the offence is cut.
grain: [node, lesser_node]
*/
{{ config(
    materialized='agglomerate', max_size=var('max_identifiers_per_person'), published=false
) }}
-- noqa: disable=LT02
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

nodes as (
    select
        i.node,
        m.component,
        i.id_type,
        i.id_value
    from members as m
    inner join {{ ref('person_identifier') }} as i on m.node = i.node
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

{{ tried_in_order('person') }}
