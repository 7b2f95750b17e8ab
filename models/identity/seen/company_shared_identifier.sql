/*
description: Company identifiers that are shared, such as a mail domain of many accounts. They were
  seen with more other identifiers of one type than one company has.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
with

{{ counted_neighbours(ref('company_pair'), ref('company_identifier')) }}

select
    node,  -- Number of the identifier.
    neighbour_type,  -- Type of the neighbours that are too many.
    neighbour_count,  -- Number of those neighbours.
    max_neighbours  -- How many an identifier of one company may have, by identifier_types.csv.
from counted
where neighbour_count > max_neighbours
