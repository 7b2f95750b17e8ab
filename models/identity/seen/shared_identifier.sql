/*
description: Identifiers that are shared, such as a switchboard, a tablet at a booth or a common
  mailbox. They were seen with more other identifiers of one type than one person has.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
with

{{ counted_neighbours(ref('raw_edge'), ref('identifier_seen')) }}

select
    node,  -- Number of the identifier.
    neighbour_type,  -- Type of the neighbours that are too many.
    neighbour_count,  -- Number of those neighbours.
    max_neighbours  -- How many an identifier of one person may have, by identifier_types.csv.
from counted
where neighbour_count > max_neighbours
