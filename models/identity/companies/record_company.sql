/*
description: The company that each record names, by its strongest company identifier that is not
  contested. Records that name no company are not listed.
grain: [channel, record_id]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set ids = id_types('company') %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at'), ('company', 'observed_at')
] %}
{%- set values = {} %}
{%- for id in ids %}{% set _ = values.update({id_column(id): company_value(id)}) %}{% endfor %}
with

combination_account as (
    select
        i.combination_id,
        m.account_key,
        m.strength,
        m.id_type,
        m.id_value
    from {{ ref('company_combination_identifier') }} as i
    inner join {{ ref('account_id') }} as m on i.id_type = m.id_type and i.id_value = m.id_value
    where not m.is_contested
    qualify
        row_number() over (
            partition by i.combination_id order by m.strength, m.id_type, m.id_value
        ) = 1
),

keyed as (
    select
        {%- for id in ids %}
        c.{{ id_column(id) }},
        {%- endfor %}
        a.account_key,
        a.strength,
        a.id_type,
        a.id_value
    from {{ ref('company_combination') }} as c
    inner join combination_account as a on c.combination_id = a.combination_id
),

{{ current_records(shapes, values) }},

named as (
    select
        r.channel,
        r.record_id,
        r.seen_at,
        k.account_key,
        k.strength,
        k.id_type,
        k.id_value
    from records as r
    inner join keyed as k
        on
            {%- for id in ids %}
            {%- set column = id_column(id) %}
            {{ 'and ' if not loop.first }}r.{{ column }} is not distinct from k.{{ column }}
            {%- endfor %}
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    seen_at,  -- When it happened (UTC).
    account_key,  -- Number of the company that the record names, within this release.
    strength,  -- Strength of the identifier that names it; 1 is the strongest.
    id_type,  -- Type of that identifier.
    id_value  -- That identifier.
from named
qualify
    row_number() over (
        partition by channel, record_id
        order by strength, id_type, id_value, seen_at nulls last, account_key
    ) = 1
