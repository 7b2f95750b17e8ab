/*
description: Records that decisions name, with the identifiers that they carry. Also records after
  as_of, as with edges.
grain: [channel, record_id]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set people, companies = id_types('person'), id_types('company') %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at'), ('company', 'observed_at')
] %}
with

texts as (
    select left_value as record
    from {{ ref('written_decision') }}
    where left_type = 'record' and left_value is not null
    union
    select right_value as record
    from {{ ref('written_decision') }}
    where right_type = 'record' and right_value is not null
),

named as (
    select
        split_part(record, ':', 1) as channel,
        substr(record, strpos(record, ':') + 1) as record_id
    from texts
),

carried as (
    {%- for shape, moment in shapes %}
    {%- for part in ['current', 'beyond'] %}
    select
        r.channel,
        r.record_id,
        r.landed_seq,
        r.{{ moment }} as seen_at,
        {{ shape != 'company' }} as is_owned,
        {%- if shape == 'contact' %}
        true as is_about_person,
        {%- elif shape == 'company' %}
        false as is_about_person,
        {%- else %}
        {%- for id in people %}
        {{ 'or ' if not loop.first }}{{ id_value(id) }} is not null
        {%- endfor %}
            as is_about_person,
        {%- endif %}
        {%- for id in people %}
        {{ id_value(id) if shape != 'company' else 'cast(null as varchar)' }}
            as {{ id_column(id) }},
        {%- endfor %}
        {%- for id in companies %}
        {{ company_value(id) }} as {{ id_column(id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if part == 'current' %}
    from {{ ref(shape) }} as r
    {%- else %}
    from ({{ union_shape(shape, beyond=true) }}) as r
    {%- endif %}
    semi join named as n on r.channel = n.channel and r.record_id = n.record_id
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    min(landed_seq) as first_landed_seq,  -- Landing that brought it.
    min(seen_at) as first_seen_at,  -- When it happened (UTC).
    max(seen_at) as last_seen_at,  -- The latest moment, if it is in several shapes (UTC).
    bool_or(is_owned) as is_owned,  -- True = a record that can belong to a person.
    bool_or(is_about_person)
        as is_about_person,  -- True = it describes a person, or carries an identifier of one.
    {%- for id in people %}
    min({{ id_column(id) }}) as {{ id_column(id) }},  -- [pii] Identifier of this type, if any.
    {%- endfor %}
    {%- for id in companies %}
    {%- set mark = '[public] ' if id == 'email_domain' else '' %}
    min({{ id_column(id) }})
        as {{ id_column(id) }}{{ ',' if not loop.last }}  -- {{ mark }}Of a company.
    {%- endfor %}
from carried
group by channel, record_id
