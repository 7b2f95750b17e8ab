/*
description: Every identifier that was seen, when and where, and whether it may join people or
  companies.
grain: [id_type, id_value]
*/
{{ config(restate='identifier', through={
    'combination': ['combination_id'], 'company_combination': ['combination_id'],
    'node_person': ['node']
}) }}
with

seen as (
    select
        'person' as entity,
        i.id_type,
        i.id_value,
        c.channels
    from {{ ref('combination_identifier') }} as i
    inner join {{ ref('combination') }} as c on i.combination_id = c.combination_id
    union
    select
        'company' as entity,
        i.id_type,
        i.id_value,
        c.channels
    from {{ ref('company_combination_identifier') }} as i
    inner join {{ ref('company_combination') }} as c on i.combination_id = c.combination_id
    union
    select
        'person' as entity,
        id_type,
        id_value,
        channel as channels
    from {{ ref('record_node') }}
),

channel_names as (
    select distinct
        s.id_type,
        s.id_value,
        u.channel
    from seen as s
    cross join unnest(string_split(s.channels, ', ')) as u (channel)
),

channels as (
    select
        id_type,
        id_value,
        string_agg(channel, ', ' order by channel) as channels
    from channel_names
    group by id_type, id_value
),

judged as (
    select
        'person' as entity,
        s.id_type,
        s.id_value,
        s.verdict,
        s.strength,
        s.first_landed_seq,
        s.first_seen_at,
        s.last_seen_at,
        s.record_count,
        s.node,
        p.node is not null as is_used
    from {{ ref('person_identifier') }} as s
    left join {{ ref('node_person') }} as p on s.node = p.node
    union all
    select
        'company' as entity,
        s.id_type,
        s.id_value,
        s.verdict,
        s.strength,
        s.first_landed_seq,
        s.first_seen_at,
        s.last_seen_at,
        s.record_count,
        s.node,
        a.node is not null as is_used
    from {{ ref('company_identifier') }} as s
    left join {{ ref('account_id') }} as a on s.node = a.node
)

select
    j.entity,  -- person or company: what it identifies.
    j.id_type,  -- Identifier type, as in identifier_types.csv, or record: a record that was linked.
    j.id_value,  -- [pii] The identifier; for a company name its key.
    case
        when j.is_used then 'used'
        when j.verdict = 'valid' then 'shared'
        when j.verdict = 'invalid' then 'invalid'
        else 'blocked'
    end as status,  -- used, blocked, shared or invalid.
    j.strength,  -- 1 is the strongest.
    j.first_landed_seq,  -- First landing that brought it, in any version of a record.
    j.first_seen_at,  -- Earliest record with the identifier, in any version (UTC).
    j.last_seen_at,  -- Latest record with the identifier, in any version (UTC).
    j.record_count,  -- Number of current records with the identifier.
    c.channels,  -- Channels that know it.
    j.node  -- Number in anchor order within this build and entity; of used and shared identifiers.
from judged as j
inner join channels as c on j.id_type = c.id_type and j.id_value = c.id_value
