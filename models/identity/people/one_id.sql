/*
description: The ID map; the person that each used identifier belongs to. Everything joins through
  it.
grain: [id_type, id_value]
*/
with

anchors as (
    select
        p.person_key,
        {{ id_of('P', 'i.id_type', 'i.id_value') }} as one_id
    from {{ ref('node_person') }} as p
    inner join {{ ref('person_identifier') }} as i on p.node = i.node
    where p.node = p.person_key
),

contested as (
    select distinct node
    from {{ ref('contested_tenure') }}
)

select
    i.id_type,  -- Identifier type.
    i.id_value,  -- [pii] The identifier.
    p.node,  -- Number of the identifier in this release, in anchor order.
    p.person_key,  -- Number of the person in this release, for joins.
    a.one_id,  -- The person: 'P' and 20 hex digits of the keyed hash of the oldest identifier.
    i.strength,  -- 1 is the strongest.
    i.first_landed_seq,  -- First landing that brought the identifier.
    p.node = p.person_key as is_anchor,  -- True = the identifier that the ID is derived from.
    c.node is not null
        as is_contested  -- True = cut between people. Its records belong to the holder of the time.
from {{ ref('node_person') }} as p
inner join anchors as a on p.person_key = a.person_key
inner join {{ ref('person_identifier') }} as i on p.node = i.node
left join contested as c on p.node = c.node
