/*
description: Identifiers of companies that are shared, such as a mail domain of many accounts.
grain: [node, neighbour_type]
*/
{{ config(published=false) }}
with

{{ counted_neighbours(ref('company_pair'), ref('company_identifier')) }}

select
    node,  -- The identifier, by its number.
    neighbour_type,  -- Type of the others it was seen with.
    neighbour_count,  -- How many of them.
    max_neighbours  -- How many one company's may have, by identifier_types.csv.
from counted
where neighbour_count > max_neighbours
