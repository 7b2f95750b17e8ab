/*
description: When each person first reached each stage or one beyond it. Staff, competitors and bots
  are left out.
grain: [person_key, stage_rank]
*/
{{ config(published=false) }}
with

moves as (
    select
        t.person_key,
        t.moved_at,
        cast(s.stage_rank as bigint) as to_rank
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
    where t.direction <> 'back'
),

outsiders as {{ outsiders() }},

reached as (
    select
        m.person_key,
        cast(s.stage_rank as bigint) as stage_rank,
        s.stage,
        min(m.moved_at) as reached_at,
        min(case when m.to_rank = cast(s.stage_rank as bigint) then m.moved_at end) as entered_at
    from moves as m
    inner join {{ ref('stages') }} as s on m.to_rank >= cast(s.stage_rank as bigint)
    anti join outsiders as o on m.person_key = o.person_key
    group by m.person_key, cast(s.stage_rank as bigint), s.stage
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    stage_rank,  -- 1 visitor … 6 won.
    stage,  -- The stage.
    reached_at,  -- When the person first reached it, or one beyond it (UTC).
    fn_local_date(reached_at) as reached_date,  -- Business date of reached_at.
    coalesce(entered_at > reached_at, true)
        as is_skipped  -- True = went beyond it at that moment, without a stay in it.
from reached
