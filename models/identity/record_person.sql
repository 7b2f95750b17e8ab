/*
description: Whose row each record is; the person of its strongest used identifier, else NULL.
grain: [channel, record_id]
*/
-- noqa: disable=LT02
{%- set ids = id_types('person') %}
{%- set shapes = ['contact', 'touch', 'link', 'deal', 'ticket'] %}
with

combination_person as (
    select
        c.combination_id,
        o.person_key,
        o.one_id,
        o.strength,
        o.id_type,
        o.id_value
    from {{ ref('combination_identifier') }} as c
    inner join {{ ref('one_id') }} as o on c.id_type = o.id_type and c.id_value = o.id_value
    qualify
        row_number() over (
            partition by c.combination_id order by o.strength, o.id_type, o.id_value
        ) = 1
),

keyed as (
    select
        {%- for id in ids %}
        c.{{ id }},
        {%- endfor %}
        p.person_key,
        p.one_id,
        p.strength,
        p.id_type,
        p.id_value
    from {{ ref('combination') }} as c
    inner join combination_person as p on c.combination_id = p.combination_id
),

records as (
{%- for shape in shapes %}
    select
        channel,
        record_id,
        {{ ids | join(', ') }}
    from {{ ref(shape) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
),

owned as (
    select
        r.channel,
        r.record_id,
        k.person_key,
        k.one_id,
        k.strength,
        k.id_type,
        k.id_value
    from records as r
    left join keyed as k
        on
            {%- for id in ids %}
            {{ 'and ' if not loop.first }}r.{{ id }} is not distinct from k.{{ id }}
            {%- endfor %}
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    person_key,  -- The person within this release: a number to join by.
    one_id  -- The person; NULL when nobody is known to stand behind it.
from owned
qualify
    row_number() over (
        partition by channel, record_id order by strength nulls last, id_type, id_value
    ) = 1
