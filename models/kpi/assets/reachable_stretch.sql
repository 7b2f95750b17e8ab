/*
description: When each person could be reached without a break; over any touchpoint, over each
  touchpoint, by each channel and by each member of staff. Links that overlap or follow each other
  at once are one stretch.
grain: [dimension, member, person_key, stretch_no]
*/
{{- config(published=false) }}
{%- set endless = "timestamp '9999-12-31 00:00:00'" %}
{%- set members = {
    'total': 'cast(null as varchar)', 'touchpoint': 'touchpoint', 'channel': 'channel',
    'staff': 'staff_id'
} %}
with

links as (
    {%- for dimension, member in members.items() %}
    select
        '{{ dimension }}' as dimension,
        {{ member }} as member,
        person_key,
        channel,
        record_id,
        started_at,
        coalesce(ended_at, {{ endless }}) as ended_at,
        case when is_erased then 1 else 0 end as erased_count
    from {{ ref('reachable_link') }}
    {%- if dimension != 'total' %}
    where {{ member }} is not null
    {%- endif %}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

gaps as (
    select
        dimension,
        member,
        person_key,
        channel,
        record_id,
        started_at,
        ended_at,
        erased_count,
        case
            when
                started_at <= max(ended_at) over (
                    partition by dimension, member, person_key
                    order by started_at, channel, record_id
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from links
),

numbered as (
    select
        dimension,
        member,
        person_key,
        started_at,
        ended_at,
        erased_count,
        sum(is_new) over (
            partition by dimension, member, person_key
            order by started_at, channel, record_id
            rows between unbounded preceding and current row
        ) as stretch_no
    from gaps
)

select
    dimension,  -- total, touchpoint, channel or staff, as in kpi_dimensions.csv.
    member,  -- Touchpoint, channel or member of staff; NULL = any of them.
    person_key,  -- Number of the person in this release; joins identity.person.
    cast(stretch_no as bigint) as stretch_no,  -- 1 = the first; 2 = after one return.
    min(started_at) as reachable_from,  -- When it began (UTC).
    nullif(max(ended_at), {{ endless }})
        as reachable_to,  -- When it ended (UTC); NULL = it goes on.
    sum(erased_count) > 0
        as is_erased  -- True = it ended because the person asked to be erased.
from numbered
group by dimension, member, person_key, stretch_no
