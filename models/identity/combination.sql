/*
description: Distinct combinations of identifiers, over every record known; the raw material of
  OneID.
grain: [combination_id]
*/
-- noqa: disable=LT02
{%- set ids = id_types('person') %}
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
        {{ ids | join(', ') }}
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
        {{ ids | join(', ') }},
        min(landed_seq) as first_landed_seq,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        count_if(is_current) as record_count,
        string_agg(distinct channel, ', ' order by channel) as channels
    from records
    where coalesce({{ ids | join(', ') }}) is not null
    group by {{ ids | join(', ') }}
)

select
    row_number() over (
        order by {{ ids | join(', ') }}
    ) as combination_id,  -- Number within this build.
    {%- for id in ids %}
    {{ id }},  -- [pii] Identifier of this type, if the records carry one.
    {%- endfor %}
    first_landed_seq,  -- First landing that brought it, in any version of a record.
    first_seen_at,  -- Earliest time of such a record (UTC).
    last_seen_at,  -- Latest time of such a record (UTC).
    cast(record_count as bigint) as record_count,  -- Current records that carry exactly these.
    channels  -- Channels that brought it.
from grouped
