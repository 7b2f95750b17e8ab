/*
description: Pairs of used identifiers seen together on current records; kept, or cut with the
  reason.
grain: [node, lesser_node]
*/
select
    e.node,  -- Identifier with the greater number.
    e.parent as lesser_node,  -- Identifier with the lesser number.
    r.strength,  -- Strength of the weaker end; 1 is the strongest.
    r.first_seen_at,  -- Earliest current record with both (UTC).
    r.last_seen_at,  -- Latest current record with both (UTC).
    r.channels,  -- Channels that brought the pair.
    coalesce(a.is_kept, true) as is_kept,  -- False = cut, with a reason.
    a.cut_reason  -- unique: two of a unique type would meet; size: too many identifiers.
from {{ ref('node_edge') }} as e
inner join {{ ref('raw_edge') }} as r on e.node = r.node and e.parent = r.lesser_node
left join {{ ref('agglomeration') }} as a on e.node = a.node and e.parent = a.lesser_node
