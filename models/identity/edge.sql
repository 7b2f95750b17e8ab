/*
description: Pairs of used identifiers seen together on current records.
grain: [node, lesser_node]
*/
with

nodes as (
    select
        c.combination_id,
        i.node,
        i.strength,
        c.first_seen_at,
        c.last_seen_at,
        c.channels
    from {{ ref('combination_identifier') }} as c
    inner join {{ ref('identifier') }} as i on c.id_type = i.id_type and c.id_value = i.id_value
    where i.status = 'used' and c.record_count > 0
),

pairs as (
    select
        a.node,
        b.node as lesser_node,
        greatest(a.strength, b.strength) as strength,
        a.first_seen_at,
        a.last_seen_at,
        u.channel
    from nodes as a
    inner join nodes as b on a.combination_id = b.combination_id and a.node > b.node
    cross join unnest(string_split(a.channels, ', ')) as u (channel)
),

channel_pairs as (
    select
        node,
        lesser_node,
        channel,
        max(strength) as strength,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from pairs
    group by node, lesser_node, channel
)

select
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    max(strength) as strength,  -- Strength of the weaker end; 1 is the strongest.
    min(first_seen_at) as first_seen_at,  -- Earliest record with both (UTC).
    max(last_seen_at) as last_seen_at,  -- Latest record with both (UTC).
    string_agg(channel, ', ' order by channel) as channels,  -- Channels that brought the pair.
    true as is_kept,  -- False = cut, with a reason.
    cast(null as varchar) as cut_reason  -- Why it was cut.
from channel_pairs
group by node, lesser_node
