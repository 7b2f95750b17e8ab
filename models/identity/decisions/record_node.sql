/*
description: Records that a link in force names and that carry no identifier that could join them,
  such as records with only a name and an address. Each is an identifier of its own.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

sides as (
    select
        rule_no,
        left_type as id_type,
        left_value as id_value
    from {{ ref('human_decision') }}
    where is_latest and decision = 'link' and entity = 'person'
    union all
    select
        rule_no,
        right_type as id_type,
        right_value as id_value
    from {{ ref('human_decision') }}
    where is_latest and decision = 'link' and entity = 'person'
),

bare as (
    select
        channel,
        record_id,
        channel || ':' || record_id as id_value,
        first_landed_seq,
        first_seen_at,
        last_seen_at
    from {{ ref('named_record') }}
    where is_owned
),

-- A link has no effect if one of its sides identifies nobody.
usable as (
    select
        s.rule_no,
        count(*) as side_count
    from sides as s
    left join bare as b on s.id_type = 'record' and s.id_value = b.id_value
    left join {{ ref('identifier_seen') }} as i
        on s.id_type = i.id_type and s.id_value = i.id_value and i.verdict = 'valid'
    where b.id_value is not null or i.id_value is not null
    group by s.rule_no
),

linked as (
    select distinct s.id_value
    from sides as s
    inner join usable as u on s.rule_no = u.rule_no
    where s.id_type = 'record' and u.side_count = 2
),

strengths as (
    select max(cast(strength as bigint)) as weakest
    from {{ ref('identifier_types') }}
    where entity = 'person'
),

numbers as (
    select max(node) as greatest_node
    from {{ ref('identifier_seen') }}
)

select
    b.channel,  -- Channel code.
    b.record_id,  -- [pii] The exported row.
    'record' as id_type,  -- record: it is an identifier of its own.
    b.id_value,  -- [pii] channel:record_id, its value as an identifier.
    s.weakest + 1 as strength,  -- Weaker than every other identifier.
    b.first_landed_seq,  -- Landing that brought it.
    b.first_seen_at,  -- When it happened (UTC).
    b.last_seen_at,  -- The latest moment, if it is in several shapes (UTC).
    coalesce(n.greatest_node, 0) + row_number() over (
        order by b.first_landed_seq, b.id_value
    ) as node  -- Number after those of all other identifiers, so that it changes no ID of theirs.
from bare as b
inner join linked as l on b.id_value = l.id_value
cross join strengths as s
cross join numbers as n
