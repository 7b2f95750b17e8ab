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

-- What the record tables hold is read there: staging takes values apart a second time only for
-- records after as_of, and for earlier versions.
records as (
{%- for shape, moment in shapes %}
{%- for part in ['current', 'beyond', 'superseded'] %}
    select
        channel,
        landed_seq,
        {{ moment }} as seen_at,
        {{ part != 'superseded' }} as is_current,
        {%- for id in ids %}
        {{ id_value(id) }} as {{ id_column(id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if part == 'current' %}
    from {{ ref(shape) }}
    {%- elif part == 'beyond' %}
    from ({{ union_shape(shape, beyond=true) }}) as {{ shape }}_beyond
    {%- else %}
    from ({{ union_shape(shape, bounded=false, versions='superseded') }}) as {{ shape }}_superseded
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
{%- if not loop.last %}
    union all
{%- endif %}
{%- endfor %}
),

by_channel as (
    select
        channel,
        {{ columns | join(', ') }},
        min(landed_seq) as first_landed_seq,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        min(seen_at) filter (where is_current) as first_current_at,
        max(seen_at) filter (where is_current) as last_current_at,
        count_if(is_current) as record_count
    from records
    where coalesce({{ columns | join(', ') }}) is not null
    group by channel, {{ columns | join(', ') }}
),

grouped as (
    select
        {{ columns | join(', ') }},
        min(first_landed_seq) as first_landed_seq,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(first_current_at) as first_current_at,
        max(last_current_at) as last_current_at,
        sum(record_count) as record_count,
        string_agg(channel, ', ' order by channel) as channels
    from by_channel
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
