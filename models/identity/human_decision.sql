/*
description: What people decided about identifiers, from identity_rules.csv and from channels; each
  decision with the two identifiers in one form and order.
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
    where decision <> 'erase'
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
    where decision <> 'erase'
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
            {%- for id in ids %}
            when '{{ id }}'
                then
                    {{ normal_identifier(id, 'named_value') }}
            {%- endfor %}
        end as id_value
    from sides
),

-- Of two identifiers the lesser stands first, so that a pair is a pair whichever way it was written.
ordered as (
    select
        rule_no,
        id_type,
        id_value,
        row_number() over (
            partition by rule_no order by id_type nulls last, id_value nulls last, side
        ) as place
    from identifiers
),

pairs as (
    select
        n.rule_no,
        n.origin,
        n.decision,
        n.decided_at,
        n.decided_by,
        n.reason,
        a.id_type as left_type,
        a.id_value as left_value,
        b.id_type as right_type,
        b.id_value as right_value
    from numbered as n
    left join ordered as a on n.rule_no = a.rule_no and a.place = 1
    left join ordered as b on n.rule_no = b.rule_no and b.place = 2
),

-- What takes the place of what: the latest word about a pair; of one moment, the cautious one.
ranked as (
    select
        rule_no,
        row_number() over (
            partition by
                decision = 'exclude', left_type, left_value, right_type, right_value
            order by decided_at desc, decision desc, rule_no desc
        ) as recency
    from pairs
),

linked_since as (
    select
        id_type,
        id_value,
        max(decided_at) as linked_at
    from (
        select
            left_type as id_type,
            left_value as id_value,
            decided_at
        from pairs
        where decision = 'link'
        union all
        select
            right_type as id_type,
            right_value as id_value,
            decided_at
        from pairs
        where decision = 'link'
    ) as linked
    group by id_type, id_value
)

select
    p.rule_no,  -- Number in order of time within this build.
    p.origin,  -- identity_rules.csv, or the channel that brought it.
    p.decision,  -- link, unlink or exclude.
    p.decided_at,  -- When it was decided (UTC).
    p.decided_by,  -- Who decided.
    p.reason,  -- [pii] Why.
    p.left_type,  -- Type of the one identifier.
    p.left_value,  -- [pii] The one identifier; NULL = it is none.
    p.right_type,  -- Type of the other; NULL = an exclusion names one.
    p.right_value,  -- [pii] The other identifier.
    r.recency = 1
    and not (p.decision = 'exclude' and coalesce(l.linked_at > p.decided_at, false))
        as is_latest  -- No later decision about the same; a link takes an exclusion back.
from pairs as p
inner join ranked as r on p.rule_no = r.rule_no
left join linked_since as l on p.left_type = l.id_type and p.left_value = l.id_value
