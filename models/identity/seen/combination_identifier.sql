/*
description: The identifiers of each combination, one per row.
grain: [combination_id, id_type]
*/
{{ config(published=false, restate='combination') }}
-- noqa: disable=LT02
{%- for id in id_types('person') %}
select
    {%- if loop.first %}
    combination_id,  -- Number of the combination.
    cast('{{ id }}' as varchar) as id_type,  -- Identifier type.
    {{ id_column(id) }} as id_value,  -- [pii] Identifier.
    first_landed_seq,  -- First landing that brought the combination.
    first_seen_at,  -- Earliest time of its records, in any version (UTC).
    last_seen_at,  -- Latest time of its records, in any version (UTC).
    record_count  -- Number of current records with the identifier.
    {%- else %}
    combination_id,
    cast('{{ id }}' as varchar) as id_type,
    {{ id_column(id) }} as id_value,
    first_landed_seq,
    first_seen_at,
    last_seen_at,
    record_count
    {%- endif %}
from {{ ref('combination') }}
where {{ id_column(id) }} is not null
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
