/*
description: Identifiers that are shared, such as a switchboard, the tablet of a booth or a mailbox
  of many; they stand with more others of one type than a person has.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
with

{{ counted_neighbours(ref('raw_edge'), ref('identifier_seen')) }}

select
    node,  -- The identifier, by its number.
    neighbour_type,  -- Type of the others it was seen with.
    neighbour_count,  -- How many of them.
    max_neighbours  -- How many one person's may have, by identifier_types.csv.
from counted
where neighbour_count > max_neighbours
