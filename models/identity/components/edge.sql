/*
description: Pairs of used identifiers that were seen together on current records, or that a human
  linked. A pair is kept, or cut for a reason.
grain: [node, lesser_node]
*/
select
    e.node,  -- Identifier with the greater number.
    e.parent as lesser_node,  -- Identifier with the lesser number.
    case when d.node is not null then 0 else r.strength end
        as strength,  -- Strength of the weaker end; 1 is the strongest, 0 = linked by a human.
    r.first_seen_at,  -- Earliest current record with both (UTC).
    r.last_seen_at,  -- Latest current record with both (UTC).
    r.channels,  -- Channels that brought the pair.
    case when a.kind = 2 then not a.is_kept else coalesce(a.is_kept, true) end
        as is_kept,  -- False = cut.
    case when a.kind = 2 then case when a.is_kept then 'unlink' end else a.cut_reason end
        as cut_reason  -- unique: two of a unique type would meet; size: too many; unlink: a human.
from {{ ref('node_edge') }} as e
left join {{ ref('raw_edge') }} as r on e.node = r.node and e.parent = r.lesser_node
left join {{ ref('decided_pair') }} as d
    on e.node = d.node and e.parent = d.lesser_node and d.decision = 'link'
left join {{ ref('agglomeration') }} as a on e.node = a.node and e.parent = a.lesser_node
