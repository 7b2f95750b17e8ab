/*
description: The identifiers of records that decisions name, as far as they can join; valid ones
  that are not shared. A company name is listed by its key.
grain: [channel, record_id, entity, id_type]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set people, companies = id_types('person'), id_types('company') %}
with

person_values as (
    {%- for id in people %}
    select
        channel,
        record_id,
        cast('{{ id }}' as varchar) as id_type,
        {{ id_column(id) }} as id_value
    from {{ ref('named_record') }}
    where {{ id_column(id) }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

company_values as (
    {%- for id in companies %}
    select
        r.channel,
        r.record_id,
        cast('{{ id }}' as varchar) as id_type,
        {{ 'p.name_key' if id == 'company_name' else 'r.' ~ id_column(id) }} as id_value
    from {{ ref('named_record') }} as r
    {%- if id == 'company_name' %}
    inner join {{ ref('company_name_part') }} as p on r.company_name = p.company_name
    {%- else %}
    where r.{{ id_column(id) }} is not null
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

known as (
    select
        v.channel,
        v.record_id,
        'person' as entity,
        v.id_type,
        v.id_value,
        i.strength
    from person_values as v
    inner join {{ ref('identifier_seen') }} as i
        on v.id_type = i.id_type and v.id_value = i.id_value
    anti join {{ ref('shared_identifier') }} as s on i.node = s.node
    where i.verdict = 'valid'
    union all
    select
        v.channel,
        v.record_id,
        'company' as entity,
        v.id_type,
        v.id_value,
        i.strength
    from company_values as v
    inner join {{ ref('company_identifier') }} as i
        on v.id_type = i.id_type and v.id_value = i.id_value
    anti join {{ ref('company_shared_identifier') }} as s on i.node = s.node
    where i.verdict = 'valid'
)

select
    k.channel,  -- Channel code.
    k.record_id,  -- [pii] The exported row.
    k.entity,  -- person or company: what it identifies.
    k.id_type,  -- Identifier type.
    k.id_value,  -- [pii] The identifier.
    k.strength,  -- 1 is the strongest.
    t.is_unique = 'true' as is_unique  -- True = a person or company has at most one.
from known as k
inner join {{ ref('identifier_types') }} as t on k.id_type = t.id_type
