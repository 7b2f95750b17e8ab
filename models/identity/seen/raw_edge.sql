/*
description: Pairs of valid identifiers that were seen together on current records, before sharing
  and cuts are considered.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
with

nodes as (
    select
        i.combination_id,
        s.node,
        s.strength
    from {{ ref('combination_identifier') }} as i
    inner join {{ ref('identifier_seen') }} as s
        on i.id_type = s.id_type and i.id_value = s.id_value
    where s.verdict = 'valid' and i.record_count > 0
),

{{ seen_together(ref('combination')) }}

select
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    strength,  -- Strength of the weaker end; 1 is the strongest.
    first_seen_at,  -- Earliest current record with both (UTC).
    last_seen_at,  -- Latest current record with both (UTC).
    channels  -- Channels that brought the pair.
from pairs_seen
