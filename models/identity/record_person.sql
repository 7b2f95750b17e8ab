/*
description: Whose row each record is; the person of its strongest used identifier, else who held a
  contested one at its time, else NULL.
grain: [channel, record_id]
*/
-- noqa: disable=LT02
{%- set ids = id_types('person') %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at')
] %}
with

identifiers as (
    select
        c.combination_id,
        o.person_key,
        o.strength,
        o.id_type,
        o.id_value,
        o.is_contested
    from {{ ref('combination_identifier') }} as c
    inner join {{ ref('one_id') }} as o on c.id_type = o.id_type and c.id_value = o.id_value
),

combination_person as (
    select
        combination_id,
        person_key,
        strength,
        id_type,
        id_value,
        is_contested
    from identifiers
    qualify
        row_number() over (
            partition by combination_id order by is_contested, strength, id_type, id_value
        ) = 1
),

keyed as (
    select
        {%- for id in ids %}
        c.{{ id_column(id) }},
        {%- endfor %}
        p.combination_id,
        p.person_key,
        p.strength,
        p.id_type,
        p.id_value,
        p.is_contested
    from {{ ref('combination') }} as c
    inner join combination_person as p on c.combination_id = p.combination_id
),

records as (
{%- for shape, moment in shapes %}
    select
        channel,
        record_id,
        {{ moment }} as seen_at,
        {%- for id in ids %}
        {{ id_value(id) }} as {{ id_column(id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(shape) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
),

matched as (
    select
        r.channel,
        r.record_id,
        r.seen_at,
        k.combination_id,
        k.person_key,
        k.strength,
        k.id_type,
        k.id_value,
        coalesce(k.is_contested, false) as is_contested
    from records as r
    left join keyed as k
        on
            {%- for id in ids %}
            {%- set column = id_column(id) %}
            {{ 'and ' if not loop.first }}r.{{ column }} is not distinct from k.{{ column }}
            {%- endfor %}
),

-- Records that carry nothing but contested identifiers; such are few.
disputed as (
    select distinct
        channel,
        record_id,
        seen_at,
        combination_id
    from matched
    where is_contested
),

tenures as (
    select
        o.id_type,
        o.id_value,
        t.person_key,
        t.held_from,
        t.held_to,
        min(t.held_from) over (partition by t.node) as first_from,
        max(t.held_to) over (partition by t.node) as last_to
    from {{ ref('contested_tenure') }} as t
    inner join {{ ref('identifier_seen') }} as o on t.node = o.node
    where t.is_handed_on
),

-- Within its time, or before the first and after the last of all.
claims as (
    select
        d.channel,
        d.record_id,
        d.seen_at,
        i.strength,
        i.id_type,
        i.id_value,
        t.person_key
    from disputed as d
    inner join identifiers as i on d.combination_id = i.combination_id
    inner join tenures as t on i.id_type = t.id_type and i.id_value = t.id_value
    where
        (d.seen_at >= t.held_from and d.seen_at <= t.held_to)
        or (d.seen_at < t.first_from and t.held_from = t.first_from)
        or (d.seen_at > t.last_to and t.held_to = t.last_to)
),

holders as (
    select
        channel,
        record_id,
        seen_at,
        strength,
        id_type,
        id_value,
        min(person_key) as person_key
    from claims
    group by channel, record_id, seen_at, strength, id_type, id_value
    having count(*) = 1
),

settled as (
    select
        channel,
        record_id,
        seen_at,
        person_key,
        strength,
        id_type,
        id_value
    from holders
    qualify
        row_number() over (
            partition by channel, record_id, seen_at order by strength, id_type, id_value
        ) = 1
),

owned as (
    select
        channel,
        record_id,
        seen_at,
        person_key,
        strength,
        id_type,
        id_value,
        0 as is_disputed
    from matched
    where not is_contested
    union all
    select
        d.channel,
        d.record_id,
        d.seen_at,
        s.person_key,
        s.strength,
        s.id_type,
        s.id_value,
        1 as is_disputed
    from disputed as d
    left join settled as s
        on
            d.channel = s.channel
            and d.record_id = s.record_id
            and d.seen_at is not distinct from s.seen_at
),

decided as (
    select
        channel,
        record_id,
        person_key
    from owned
    qualify
        row_number() over (
            partition by channel, record_id
            order by
                case when person_key is null then 1 else 0 end,
                is_disputed, strength, id_type, id_value, seen_at, person_key
        ) = 1
),

people as (
    select
        person_key,
        one_id
    from {{ ref('one_id') }}
    where is_anchor
)

select
    d.channel,  -- Channel code.
    d.record_id,  -- [pii] The exported row.
    d.person_key,  -- The person within this release: a number to join by.
    p.one_id  -- The person; NULL when nobody is known to stand behind it.
from decided as d
left join people as p on d.person_key = p.person_key
