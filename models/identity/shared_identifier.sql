/*
description: Identifiers that are shared, such as a switchboard, the tablet of a booth or a mailbox
  of many; they stand with more others of one type than a person has.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
with

types as (
    select
        id_type,
        cast(strength as bigint) as strength,
        cast(max_neighbours as bigint) as max_neighbours
    from {{ ref('identifier_types') }}
    where max_neighbours is not null
),

neighbours as (
    select
        node,
        lesser_node as neighbour
    from {{ ref('raw_edge') }}
    union all
    select
        lesser_node as node,
        node as neighbour
    from {{ ref('raw_edge') }}
),

counted as (
    select
        n.node,
        b.id_type as neighbour_type,
        t.max_neighbours,
        count(*) as neighbour_count
    from neighbours as n
    inner join {{ ref('identifier_seen') }} as a on n.node = a.node
    inner join {{ ref('identifier_seen') }} as b on n.neighbour = b.node
    inner join types as t on a.id_type = t.id_type
    where b.strength <= t.strength and a.id_type <> b.id_type
    group by n.node, b.id_type, t.max_neighbours
)

select
    node,  -- The identifier, by its number.
    neighbour_type,  -- Type of the others it was seen with.
    neighbour_count,  -- How many of them.
    max_neighbours  -- How many one person's may have, by identifier_types.csv.
from counted
where neighbour_count > max_neighbours
