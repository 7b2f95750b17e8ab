/*
description: The ID map: whose each used identifier is. Everything joins through it.
grain: [id_type, id_value]
*/
with

anchors as (
    select
        p.person_key,
        {{ id_of('P', 'i.id_type', 'i.id_value') }} as one_id
    from {{ ref('node_person') }} as p
    inner join {{ ref('identifier_seen') }} as i on p.node = i.node
    where p.node = p.person_key
),

contested as (
    select distinct node
    from {{ ref('contested_tenure') }}
)

select
    i.id_type,  -- Identifier type.
    i.id_value,  -- [pii] The identifier.
    p.node,  -- The identifier within this release: its number in anchor order.
    p.person_key,  -- The person within this release: a number to join by.
    a.one_id,  -- The person: 'P' and 20 hex digits of the keyed hash of the oldest identifier.
    i.strength,  -- 1 is the strongest.
    i.first_landed_seq,  -- First landing that brought the identifier.
    p.node = p.person_key as is_anchor,  -- The identifier the ID is made of.
    c.node is not null as is_contested  -- Cut between people: its records go by who held it then.
from {{ ref('node_person') }} as p
inner join anchors as a on p.person_key = a.person_key
inner join {{ ref('identifier_seen') }} as i on p.node = i.node
left join contested as c on p.node = c.node
