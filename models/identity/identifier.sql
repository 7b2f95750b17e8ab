/*
description: Every identifier seen, when, where, and whether it may join people.
grain: [id_type, id_value]
*/
-- noqa: disable=LT02
-- A pattern that is a constant is compiled once, one from a table for every row.
with

seen as (
    select
        id_type,
        id_value,
        min(first_landed_seq) as first_landed_seq,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(record_count) as record_count
    from {{ ref('combination_identifier') }}
    group by id_type, id_value
),

channel_names as (
    select distinct
        c.id_type,
        c.id_value,
        u.channel
    from {{ ref('combination_identifier') }} as c
    cross join unnest(string_split(c.channels, ', ')) as u (channel)
),

channels as (
    select
        id_type,
        id_value,
        string_agg(channel, ', ' order by channel) as channels
    from channel_names
    group by id_type, id_value
),

types as (
    select
        id_type,
        cast(strength as bigint) as strength
    from {{ ref('identifier_types') }}
),

blocked_values as (
    select distinct
        id_type,
        pattern as id_value
    from {{ ref('blocked_identifiers') }}
    where kind = 'value'
),

blocked_patterns as (
    select
        s.id_type,
        s.id_value
    from seen as s
    inner join {{ ref('blocked_identifiers') }} as b
        on s.id_type = b.id_type and b.kind = 'regex' and regexp_matches(s.id_value, b.pattern)
    group by s.id_type, s.id_value
),

judged as (
    select
        s.id_type,
        s.id_value,
        s.first_landed_seq,
        s.first_seen_at,
        s.last_seen_at,
        s.record_count,
        t.strength,
        case
            when
                not case s.id_type
                    {%- for id in id_types('person') %}
                    when '{{ id }}' then regexp_matches(s.id_value, '{{ id_regex(id) }}')
                    {%- endfor %}
                end
                then 'invalid'
            when v.id_value is not null or p.id_value is not null then 'blocked'
            else 'used'
        end as status
    from seen as s
    inner join types as t on s.id_type = t.id_type
    left join blocked_values as v on s.id_type = v.id_type and s.id_value = v.id_value
    left join blocked_patterns as p on s.id_type = p.id_type and s.id_value = p.id_value
)

select
    j.id_type,  -- Identifier type, as in identifier_types.csv.
    j.id_value,  -- [pii] The identifier.
    j.status,  -- used, blocked or invalid.
    j.strength,  -- 1 is the strongest.
    j.first_landed_seq,  -- First landing that brought it, in any version of a record.
    j.first_seen_at,  -- Earliest record that carries it (UTC).
    j.last_seen_at,  -- Latest record that carries it (UTC).
    cast(j.record_count as bigint) as record_count,  -- Current records that carry it.
    c.channels,  -- Channels that know it.
    case
        when j.status = 'used'
            then row_number() over (
                order by
                    case when j.status = 'used' then 0 else 1 end,
                    j.first_landed_seq,
                    j.strength,
                    j.id_type,
                    j.id_value
            )
    end as node  -- Number in anchor order within this build; only of used identifiers.
from judged as j
inner join channels as c on j.id_type = c.id_type and j.id_value = c.id_value
