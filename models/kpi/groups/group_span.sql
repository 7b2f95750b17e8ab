/*
description: Business days at whose end each group was live (a customer was a member) and dead
  (live, and no customer had written for group_dead_days). Both by their first day and the day after
  the last.
grain: [chat_id, state, from_date]
*/
{{- config(published=false) }}
{%- set endless = "date '9999-12-31'" %}
with

memberships as (
    select
        chat_id,
        group_kind,
        person_key,
        stretch_no,
        joined_date,
        coalesce(left_date, {{ endless }}) as left_date
    from {{ ref('group_member') }}
    where coalesce(joined_date < left_date, true)
),

gaps as (
    select
        chat_id,
        group_kind,
        person_key,
        stretch_no,
        joined_date,
        left_date,
        case
            when
                joined_date <= max(left_date) over (
                    partition by chat_id order by joined_date, person_key, stretch_no
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from memberships
),

numbered as (
    select
        chat_id,
        group_kind,
        joined_date,
        left_date,
        sum(is_new) over (
            partition by chat_id order by joined_date, person_key, stretch_no
            rows between unbounded preceding and current row
        ) as span_no
    from gaps
),

live as (
    select
        chat_id,
        group_kind,
        span_no,
        min(joined_date) as from_date,
        max(left_date) as to_date
    from numbered
    group by chat_id, group_kind, span_no
),

-- A group has to begin before it can fall silent, so its first day is a sign of life, too.
signs as (
    select
        chat_id,
        span_no,
        from_date as sign_date
    from live
    union
    select
        l.chat_id,
        l.span_no,
        w.written_date as sign_date
    from live as l
    inner join {{ ref('group_writing') }} as w
        on
            l.chat_id = w.chat_id
            and l.from_date <= w.written_date
            and l.to_date > w.written_date
),

silences as (
    select
        chat_id,
        span_no,
        cast(sign_date + {{ var('group_dead_days') }} * interval 1 day as date) as from_date,
        lead(sign_date) over (partition by chat_id, span_no order by sign_date) as next_date
    from signs
),

dead as (
    select
        s.chat_id,
        l.group_kind,
        s.from_date,
        least(coalesce(s.next_date, {{ endless }}), l.to_date) as to_date
    from silences as s
    inner join live as l on s.chat_id = l.chat_id and s.span_no = l.span_no
)

select
    chat_id,  -- Group.
    group_kind,  -- Kind of the group, as in groups.csv; NULL = not listed there.
    'live' as state,  -- live or dead.
    from_date,  -- First business day at whose end it was so.
    nullif(to_date, {{ endless }}) as to_date  -- The first day when no longer; NULL = it goes on.
from live
union all
select
    chat_id,
    group_kind,
    'dead' as state,
    from_date,
    nullif(to_date, {{ endless }}) as to_date
from dead
where from_date < to_date and from_date <= fn_as_of()
