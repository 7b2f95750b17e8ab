/*
description: Pairs of valid identifiers seen together on current records, before anything is shared
  or cut.
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

pairs as (
    select
        a.node,
        b.node as lesser_node,
        greatest(a.strength, b.strength) as strength,
        a.combination_id
    from nodes as a
    inner join nodes as b on a.combination_id = b.combination_id and a.node > b.node
),

channel_lists as (
    select
        p.node,
        p.lesser_node,
        c.channels,
        max(p.strength) as strength,
        min(c.first_current_at) as first_seen_at,
        max(c.last_current_at) as last_seen_at
    from pairs as p
    inner join {{ ref('combination') }} as c on p.combination_id = c.combination_id
    group by p.node, p.lesser_node, c.channels
),

-- The lists of channels are few: they are taken apart after most rows are gone.
by_channel as (
    select
        l.node,
        l.lesser_node,
        u.channel,
        max(l.strength) as strength,
        min(l.first_seen_at) as first_seen_at,
        max(l.last_seen_at) as last_seen_at
    from channel_lists as l
    cross join unnest(string_split(l.channels, ', ')) as u (channel)
    group by l.node, l.lesser_node, u.channel
)

select
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    max(strength) as strength,  -- Strength of the weaker end; 1 is the strongest.
    min(first_seen_at) as first_seen_at,  -- Earliest current record with both (UTC).
    max(last_seen_at) as last_seen_at,  -- Latest current record with both (UTC).
    string_agg(channel, ', ' order by channel) as channels  -- Channels that brought the pair.
from by_channel
group by node, lesser_node
