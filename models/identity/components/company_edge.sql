/*
description: Pairs of used company identifiers that were seen together on current records, or that a
  human linked. A pair is kept, or cut for a reason.
grain: [node, lesser_node]
*/
select
    a.node,  -- Identifier with the greater number.
    a.lesser_node,  -- Identifier with the lesser number.
    case when a.kind = 1 then 0 else p.strength end
        as strength,  -- Strength of the weaker end; 1 is the strongest, 0 = linked by a human.
    p.first_seen_at,  -- Earliest current record with both (UTC).
    p.last_seen_at,  -- Latest current record with both (UTC).
    p.channels,  -- Channels that brought the pair.
    case when a.kind = 2 then not a.is_kept else a.is_kept end
        as is_kept,  -- False = cut.
    case when a.kind = 2 then case when a.is_kept then 'unlink' end else a.cut_reason end
        as cut_reason  -- unique: two of a unique type would meet; size: too many; unlink: a human.
from {{ ref('company_agglomeration') }} as a
left join {{ ref('company_pair') }} as p on a.node = p.node and a.lesser_node = p.lesser_node
where a.kind < 2 or a.is_seen
