/*
description: The ID map: whose each used identifier is. Everything joins through it.
grain: [id_type, id_value]
*/
with

labelled as (
    select
        i.id_type,
        i.id_value,
        i.strength,
        i.first_landed_seq,
        i.node,
        coalesce(c.parent, i.node) as anchor_node
    from {{ ref('identifier') }} as i
    left join {{ ref('component') }} as c on i.node = c.node
    where i.status = 'used'
),

anchors as (
    select
        node,
        'P' || left(fn_keyed_hash(id_type || ':' || id_value), 20) as one_id
    from labelled
    where node = anchor_node
)

select
    l.id_type,  -- Identifier type.
    l.id_value,  -- [pii] The identifier.
    l.anchor_node as person_key,  -- The person within this release: a number to join by.
    a.one_id,  -- The person: 'P' and 20 hex digits of the keyed hash of the oldest identifier.
    l.strength,  -- 1 is the strongest.
    l.first_landed_seq,  -- First landing that brought the identifier.
    l.node = l.anchor_node as is_anchor  -- The identifier the ID is made of.
from labelled as l
inner join anchors as a on l.anchor_node = a.node
