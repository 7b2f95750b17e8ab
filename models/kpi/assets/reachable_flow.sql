/*
description: How many people came, came back, were lost and were erased on each business day; over
  any touchpoint, over each touchpoint, by each channel and by each member of staff.
grain: [dimension, member, flow_date]
*/
{{- config(published=false) }}
{%- set members = {
    'total': 'cast(null as varchar)', 'touchpoint': 'touchpoint', 'channel': 'channel',
    'staff': 'staff_id'
} %}
with

-- People who ended a link themselves, also if another one still reaches them.
leavings as (
    select distinct
        person_key,
        touchpoint,
        channel,
        staff_id,
        fn_local_date(ended_at) as flow_date
    from {{ ref('reachable_link') }}
    where ended_by = 'person'
),

leavers as (
    {%- for dimension, member in members.items() %}
    select distinct
        '{{ dimension }}' as dimension,
        {{ member }} as member,
        person_key,
        flow_date
    from leavings
    {%- if dimension != 'total' %}
    where {{ member }} is not null
    {%- endif %}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

events as (
    select
        dimension,
        member,
        fn_local_date(reachable_from) as flow_date,
        case when stretch_no = 1 then 'added' else 'returned' end as flow
    from {{ ref('reachable_stretch') }}
    union all
    select
        dimension,
        member,
        fn_local_date(reachable_to) as flow_date,
        case when is_erased then 'erased' else 'lost' end as flow
    from {{ ref('reachable_stretch') }}
    where reachable_to is not null
    union all
    select
        dimension,
        member,
        flow_date,
        'left' as flow
    from leavers
)

select
    dimension,  -- total, touchpoint, channel or staff, as in kpi_dimensions.csv.
    member,  -- Touchpoint, channel or member of staff; NULL = any of them.
    flow_date,  -- Business date.
    count(*) filter (where flow = 'added') as added_count,  -- People reachable for the first time.
    count(*) filter (where flow = 'returned') as returned_count,  -- People reachable again.
    count(*) filter (where flow = 'lost') as lost_count,  -- People whose last open link ended.
    count(*) filter (where flow = 'erased') as erased_count,  -- People who asked to be erased.
    count(*) filter (where flow = 'left') as leaver_count  -- People who ended a link themselves.
from events
group by dimension, member, flow_date
