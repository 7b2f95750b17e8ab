/*
description: What people decided about identifiers and records, from identity_rules.csv and from
  channels, with every identifier in its normal form. A record has the type record and the value
  channel:record_id.
grain: [rule_no]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set ids = id_types('person') + id_types('company') %}
with

written as (
    select
        'identity_rules.csv' as origin,
        lower(trim(decision)) as decision,
        cast(decided_at as timestamp) as decided_at,
        nullif(trim(decided_by), '') as decided_by,
        nullif(trim(reason), '') as reason,
        trim(left_id) as left_id,
        trim(right_id) as right_id
    from {{ ref('identity_rules') }}
    union
    select
        channel as origin,
        decision,
        decided_at,
        decided_by,
        reason,
        left_id,
        right_id
    from {{ ref('rule') }}
    union
    select
        channel as origin,
        decision,
        decided_at,
        decided_by,
        reason,
        left_id,
        right_id
    from ({{ union_shape('rule', beyond=true) }}) as rule_beyond
),

numbered as (
    select
        origin,
        decision,
        decided_at,
        decided_by,
        reason,
        left_id,
        right_id,
        row_number() over (
            order by decided_at, decision, left_id, right_id, origin, decided_by, reason
        ) as rule_no
    from written
),

sides as (
    select
        rule_no,
        'left' as side,
        split_part(left_id, ':', 1) as id_type,
        substr(left_id, strpos(left_id, ':') + 1) as named_value
    from numbered
    union all
    select
        rule_no,
        'right' as side,
        split_part(right_id, ':', 1) as id_type,
        substr(right_id, strpos(right_id, ':') + 1) as named_value
    from numbered
    where right_id <> ''
),

identifiers as (
    select
        rule_no,
        side,
        id_type,
        case id_type
            when 'record' then case when strpos(named_value, ':') > 1 then fn_trim(named_value) end
            {%- for id in ids %}
            when '{{ id }}'
                then
                    {{ normal_identifier(id, 'named_value') }}
            {%- endfor %}
        end as id_value
    from sides
)

select
    n.rule_no,  -- Number in order of time within this build.
    n.origin,  -- identity_rules.csv, or the channel that brought it.
    n.decision,  -- link, unlink, exclude or erase.
    n.decided_at,  -- When it was decided (UTC).
    n.decided_by,  -- Who decided.
    n.reason,  -- [pii] Why.
    a.id_type as left_type,  -- [public] Type of the first identifier, or record.
    a.id_value as left_value,  -- [pii] The first identifier or record; NULL = it is not valid.
    b.id_type as right_type,  -- [public] Type of the second one; NULL = there is none.
    b.id_value as right_value  -- [pii] The second identifier or record.
from numbered as n
left join identifiers as a on n.rule_no = a.rule_no and a.side = 'left'
left join identifiers as b on n.rule_no = b.rule_no and b.side = 'right'
