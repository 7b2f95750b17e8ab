/*
description: Two identifiers that a human said are one person's, or are not; by their numbers, the
  latest word only.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
select
    greatest(a.node, b.node) as node,  -- Identifier with the greater number.
    least(a.node, b.node) as lesser_node,  -- Identifier with the lesser number.
    d.decision,  -- link or unlink.
    d.decided_at,  -- When (UTC).
    d.rule_no  -- The decision.
from {{ ref('human_decision') }} as d
inner join {{ ref('identifier_seen') }} as a on d.left_type = a.id_type and d.left_value = a.id_value
inner join {{ ref('identifier_seen') }} as b
    on d.right_type = b.id_type and d.right_value = b.id_value
where
    d.is_latest
    and d.decision in ('link', 'unlink')
    and a.verdict = 'valid'
    and b.verdict = 'valid'
    and a.node <> b.node
