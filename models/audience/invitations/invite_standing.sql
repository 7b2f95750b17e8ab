/*
description: Everybody who fits a coming event, with the reason why we do not invite them, as far as
  it does not depend on others; and over which touchpoint we would.
grain: [event_id, person_key]
*/
{{ config(published=false) }}
with

-- Few people, of a table that is large: the touches are read once.
registered as (
    select distinct
        e.event_id,
        t.person_key
    from {{ ref('person_touch') }} as t
    inner join {{ ref('coming_event') }} as e on t.campaign_id = e.campaign_id
    where t.direction = 'inbound' and t.behaviour in ('register', 'attend')
),

ways as (
    select
        person_key,
        arg_min(touchpoint, way_no) filter (where is_marketing_allowed) as touchpoint
    from {{ ref('person_way') }}
    group by person_key
)

select
    s.event_id,  -- The event.
    s.person_key,  -- Number of the person in this release, for joins.
    a.one_id,  -- The person.
    s.score,  -- Sum of the points.
    a.lead_score,  -- Lead score of the person.
    {{ threshold('fatigue_touches') }} - a.recent_touch_count
        as open_touches,  -- How many touches of ours the person may still get.
    w.touchpoint,  -- Touchpoint to try first of those that we may use for advertising.
    case
        when a.is_erased then 'erased'
        when
            a.audience = 'kept_out'
            and a.relationship_type in ('learner', 'competitor', 'bot', 'staff')
            then a.relationship_type
        when a.audience = 'kept_out' then 'kept_out'
        when
            not coalesce(
                (e.audience in ('prospects', 'people') and a.audience = 'prospect')
                or (e.audience in ('customers', 'people') and a.audience = 'customer')
                or (e.audience = 'partners' and a.audience = 'partner'),
                false
            )
            then 'wrong_audience'
        when s.is_too_far then 'too_far'
        when r.person_key is not null then 'already_registered'
        when w.person_key is null then 'unreachable'
        when w.touchpoint is null then 'no_consent'
        when a.is_fatigued then 'fatigued'
    end as reason  -- Why not; NULL = may be invited, if there are seats.
from {{ ref('invite_score') }} as s
inner join {{ ref('coming_event') }} as e on s.event_id = e.event_id
inner join {{ ref('audience_person') }} as a on s.person_key = a.person_key
left join registered as r on s.event_id = r.event_id and s.person_key = r.person_key
left join ways as w on s.person_key = w.person_key
