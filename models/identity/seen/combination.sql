/*
description: The distinct combinations of identifiers over all known records; the input of OneID.
grain: [combination_id]
*/
{{ config(published=false, restate='combination') }}
-- noqa: disable=LT02
{%- set columns = [] %}
{%- for id in id_types('person') %}{% set _ = columns.append(id_column(id)) %}{% endfor %}
with

{{ distinct_combinations(ref('record_combination'), columns) }}

select
    combination_id,  -- Number of the values together; the same in every build.
    {%- for column in columns %}
    {{ column }},  -- [pii] Identifier of this type, if the records carry one.
    {%- endfor %}
    first_landed_seq,  -- First landing that brought it, in any version of a record.
    first_seen_at,  -- Earliest time of such a record, in any version (UTC).
    last_seen_at,  -- Latest time of such a record, in any version (UTC).
    first_current_at,  -- Earliest time of such a current record (UTC).
    last_current_at,  -- Latest time of such a current record (UTC).
    cast(record_count as bigint) as record_count,  -- Number of current records with exactly these.
    channels  -- Channels that brought it.
from grouped
