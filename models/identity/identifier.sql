/*
description: Every identifier seen, when, where, and whether it may join people.
grain: [id_type, id_value]
*/
with

channel_lists as (
    select distinct
        i.id_type,
        i.id_value,
        c.channels
    from {{ ref('combination_identifier') }} as i
    inner join {{ ref('combination') }} as c on i.combination_id = c.combination_id
),

channel_names as (
    select distinct
        l.id_type,
        l.id_value,
        u.channel
    from channel_lists as l
    cross join unnest(string_split(l.channels, ', ')) as u (channel)
),

channels as (
    select
        id_type,
        id_value,
        string_agg(channel, ', ' order by channel) as channels
    from channel_names
    group by id_type, id_value
)

select
    s.id_type,  -- Identifier type, as in identifier_types.csv.
    s.id_value,  -- [pii] The identifier.
    case
        when p.node is not null then 'used'
        when s.verdict = 'valid' then 'shared'
        when s.verdict = 'invalid' then 'invalid'
        else 'blocked'
    end as status,  -- used, blocked, shared or invalid.
    s.strength,  -- 1 is the strongest.
    s.first_landed_seq,  -- First landing that brought it, in any version of a record.
    s.first_seen_at,  -- Earliest record that carries it, in any version (UTC).
    s.last_seen_at,  -- Latest record that carries it, in any version (UTC).
    s.record_count,  -- Current records that carry it.
    c.channels,  -- Channels that know it.
    s.node  -- Number in anchor order within this build; of used and shared identifiers.
from {{ ref('identifier_seen') }} as s
inner join channels as c on s.id_type = c.id_type and s.id_value = c.id_value
left join {{ ref('node_person') }} as p on s.node = p.node
