/*
description: The identifiers of each combination of company identifiers, one per row. A name is
  listed by its key.
grain: [combination_id, id_type]
*/
{{ config(
    published=false, restate='combination', through={'company_name_part': ['company_name']}
) }}
-- noqa: disable=LT02
{%- for id in id_types('company') %}
select
    {%- if loop.first %}
    c.combination_id,  -- Number of the combination.
    cast('{{ id }}' as varchar) as id_type,  -- Identifier type.
    {{ 'p.name_key' if id == 'company_name' else 'c.' ~ id_column(id) }}
        as id_value,  -- Identifier.
    c.first_landed_seq,  -- First landing that brought the combination.
    c.first_seen_at,  -- Earliest time of its records, in any version (UTC).
    c.last_seen_at,  -- Latest time of its records, in any version (UTC).
    c.record_count  -- Number of current records with the identifier.
    {%- else %}
    c.combination_id,
    cast('{{ id }}' as varchar) as id_type,
    {{ 'p.name_key' if id == 'company_name' else 'c.' ~ id_column(id) }} as id_value,
    c.first_landed_seq,
    c.first_seen_at,
    c.last_seen_at,
    c.record_count
    {%- endif %}
from {{ ref('company_combination') }} as c
{%- if id == 'company_name' %}
inner join {{ ref('company_name_part') }} as p on c.company_name = p.company_name
where p.name_key is not null
{%- else %}
where c.{{ id_column(id) }} is not null
{%- endif %}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
