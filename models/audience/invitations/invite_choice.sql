/*
description: Everybody who fits a coming event, with the one reason why we do not invite them, or
  their place among those whom we invite.
grain: [event_id, person_key]
*/
{{ config(published=false) }}
with

asking as (
    select
        w.event_id,
        w.person_key,
        w.wish_no,
        w.place_no,
        w.open_touches,
        w.touchpoint,
        coalesce(w.place_no > c.last_place_no, false) as is_refused
    from {{ ref('invite_wish') }} as w
    inner join {{ ref('invite_cut') }} as c on w.event_id = c.event_id
),

seated as (
    select
        event_id,
        person_key,
        wish_no,
        place_no,
        open_touches,
        touchpoint,
        not is_refused
        and row_number() over (
            partition by person_key, is_refused order by wish_no asc
        ) <= open_touches as is_invited
    from asking
),

judged as (
    select
        event_id,
        person_key,
        place_no,
        open_touches,
        touchpoint,
        is_invited,
        coalesce(
            sum(case when is_invited then 1 else 0 end) over (
                partition by person_key
                order by wish_no asc
                rows between unbounded preceding and 1 preceding
            ), 0
        ) as better_count,
        row_number() over (
            partition by event_id, is_invited order by place_no asc
        ) as invite_no
    from seated
)

select
    event_id,  -- The event.
    person_key,  -- Number of the person in this release, for joins.
    case
        when is_invited then null
        when better_count >= open_touches then 'fatigued'
        else 'no_seat'
    end as reason,  -- Why not; NULL = invited.
    case when is_invited then cast(invite_no as bigint) end
        as invite_no,  -- 1 = whom to invite first; NULL = not invited.
    case when is_invited then touchpoint end as touchpoint  -- Where; NULL = not invited.
from judged
union all
select
    event_id,
    person_key,
    reason,
    cast(null as bigint) as invite_no,
    cast(null as varchar) as touchpoint
from {{ ref('invite_standing') }}
where reason is not null
