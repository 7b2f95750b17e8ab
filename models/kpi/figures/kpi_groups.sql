/*
description: Group KPIs by business day; groups and members at the end of the day, who joined, who
  left, and who writes.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [groups, dead_groups, members, group_active_rate, join_rate, leave_rate]
*/
{{- config(published=false) }}
{%- set columns = ['live', 'dead', 'members', 'active', 'present', 'joined', 'gone'] %}
{#- What changes on a day: source, day, and the columns that change. Whoever was a member at any
    time of a day is present on it. -#}
{%- set changes = [
    ('spans', 'from_date', {'live': 'is_live', 'dead': 'is_dead'}),
    ('spans', 'to_date', {'live': '-is_live', 'dead': '-is_dead'}),
    ('memberships', 'joined_date', {'members': '1', 'present': '1', 'joined': '1'}),
    ('memberships', 'after_joined_date', {'joined': '-1'}),
    ('memberships', 'left_date', {'members': '-1', 'gone': 'is_gone'}),
    ('memberships', 'after_left_date', {'present': '-1', 'gone': '-is_gone'}),
    ('writers', 'from_date', {'active': '1'}),
    ('writers', 'to_date', {'active': '-1'})
] %}
with

spans as (
    select
        group_kind,
        from_date,
        to_date,
        case when state = 'live' then 1 else 0 end as is_live,
        case when state = 'dead' then 1 else 0 end as is_dead
    from {{ ref('group_span') }}
),

memberships as (
    select
        group_kind,
        joined_date,
        left_date,
        cast(joined_date + interval 1 day as date) as after_joined_date,
        cast(left_date + interval 1 day as date) as after_left_date,
        case when is_left then 1 else 0 end as is_gone
    from {{ ref('group_member') }}
),

-- Whoever wrote is active until the next day of writing, the end of wau_days or of the membership.
followed as (
    select
        g.group_kind,
        w.written_date,
        w.left_date,
        {{ days_to_next(
            ['w.chat_id', 'w.person_key', 'w.stretch_no'], 'w.written_date', [], var('wau_days')
        ) }} as days_after
    from {{ ref('group_writing') }} as w
    inner join {{ ref('group_member') }} as g
        on
            w.chat_id = g.chat_id
            and w.person_key = g.person_key
            and w.stretch_no = g.stretch_no
),

writers as (
    select
        group_kind,
        written_date as from_date,
        least(
            cast(written_date + days_after * interval 1 day as date),
            coalesce(left_date, date '9999-12-31')
        ) as to_date
    from followed
),

moves as (
    {%- for source, day, changed in changes %}
    select
        {%- for column in columns %}
        {{ changed.get(column, '0') }} as {{ column }},
        {%- endfor %}
        group_kind,
        {{ day }} as day
    from {{ source }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

daily_moves as (
    select
        {%- for column in columns %}
        sum({{ column }}) as {{ column }},
        {%- endfor %}
        group_kind,
        day
    from moves
    where day is not null
    group by group_kind, day
),

{{ by_dimension('deltas', 'daily_moves', ['day'] + columns, own=['total', 'group_kind']) }},

{{ running_sums('daily', 'deltas', columns) }}

{{ kpi_rows('daily', [
    ['groups', 'live'],
    ['dead_groups', 'dead'],
    ['members', 'members'],
    ['group_active_rate', 'case when members > 0 then active end', 'members'],
    ['join_rate', 'case when present > 0 then joined end', 'present'],
    ['leave_rate', 'case when present > 0 then gone end', 'present']
]) }}
