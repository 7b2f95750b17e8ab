/*
description: Distinct combinations of identifiers, over every record known; the raw material of
  OneID.
grain: [combination_id]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set ids = id_types('person') %}
{%- set columns = [] %}
{%- for id in ids %}{% set _ = columns.append(id_column(id)) %}{% endfor %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at')
] %}
with

records as (
{%- for shape, moment in shapes %}
{%- for versions in ['current', 'superseded'] %}
    select
        channel,
        landed_seq,
        {{ moment }} as seen_at,
        {{ versions == 'current' }} as is_current,
        {%- for id in ids %}
        {{ id_value(id) }} as {{ id_column(id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ union_shape(shape, bounded=false, versions=versions) }}) as {{ shape }}_{{ versions }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
{%- if not loop.last %}
    union all
{%- endif %}
{%- endfor %}
),

grouped as (
    select
        {{ columns | join(', ') }},
        min(landed_seq) as first_landed_seq,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        min(seen_at) filter (where is_current) as first_current_at,
        max(seen_at) filter (where is_current) as last_current_at,
        count_if(is_current) as record_count,
        string_agg(distinct channel, ', ' order by channel) as channels
    from records
    where coalesce({{ columns | join(', ') }}) is not null
    group by {{ columns | join(', ') }}
)

select
    row_number() over (
        order by {{ columns | join(', ') }}
    ) as combination_id,  -- Number within this build.
    {%- for column in columns %}
    {{ column }},  -- [pii] Identifier of this type, if the records carry one.
    {%- endfor %}
    first_landed_seq,  -- First landing that brought it, in any version of a record.
    first_seen_at,  -- Earliest time of such a record, in any version (UTC).
    last_seen_at,  -- Latest time of such a record, in any version (UTC).
    first_current_at,  -- Earliest time of such a current record (UTC).
    last_current_at,  -- Latest time of such a current record (UTC).
    cast(record_count as bigint) as record_count,  -- Current records that carry exactly these.
    channels  -- Channels that brought it.
from grouped
