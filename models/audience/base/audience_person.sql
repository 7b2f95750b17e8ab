/*
description: What audiences ask about every person; who they are to us, whether they may be on a
  list at all, how far they have come, and how much they have heard from us.
grain: [one_id]
*/
{{ config(published=false) }}
with

-- Whoever asked to be erased is on no list, although the channels may still deliver the records.
erasures as (
    select distinct i.person_key
    from {{ ref('human_decision') }} as d
    inner join {{ ref('one_id') }} as i on d.left_type = i.id_type and d.left_value = i.id_value
    where d.decision = 'erase' and d.is_latest
),

-- Also of people whom nobody can reach any more; the tag of fatigue is for the reachable.
recent as (
    select
        person_key,
        count(*) as touch_count
    from {{ ref('person_touch') }}
    where
        direction = 'outbound'
        and outcome is distinct from 'failed'
        and {{ days_ago('occurred_date') }} < {{ threshold('fatigue_days') }}
    group by person_key
)

select
    p.one_id,  -- The person.
    s.person_key,  -- Number of the person in this release, for joins.
    s.account_id,  -- The current company; NULL = unknown.
    s.account_key,  -- Number of the current company, for joins.
    case
        when e.person_key is not null then 'kept_out'
        when p.relationship_type in ('prospect', 'customer', 'partner') then p.relationship_type
        else 'kept_out'
    end as audience,  -- prospect, customer, partner, or kept_out of all lists.
    p.relationship_type,  -- What the person is to us, as the tag says.
    e.person_key is not null as is_erased,  -- True = asked to be erased.
    coalesce(p.consent_status, 'unknown') as consent_status,  -- granted, refused or unknown.
    g.stage,  -- Stage of the journey; NULL = no stage.
    coalesce(g.stage_rank, 0) as stage_rank,  -- 1 visitor … 6 won; 0 = no stage.
    coalesce(g.stage = 'won', false) as is_won,  -- True = the stage is won.
    g.content_stage,  -- Kind of content that fits the stage.
    coalesce(g.is_dormant, false) as is_dormant,  -- True = no inbound touch for dormant_days.
    coalesce(g.is_lead, false) as is_lead,  -- True = has the stage of a lead, and is not excluded.
    coalesce(l.score, 0) as lead_score,  -- Lead score at the end of as_of.
    a.last_at as last_inbound_at,  -- Latest touch of the person (UTC); NULL = none.
    a.days_since as silent_days,  -- Days from that touch to as_of; NULL = none.
    coalesce(a.days_since >= {{ threshold('silent_days') }}, true)
        as is_silent,  -- True = no touch of the person in the last silent_days days.
    cast(floor(coalesce(o.score, 0)) as bigint)
        as our_touch_count,  -- Different touches of ours that arrived, ever (six-touch idea).
    coalesce(r.touch_count, 0)
        as recent_touch_count,  -- Touches of ours in the last fatigue_days days.
    coalesce(r.touch_count, 0) >= {{ threshold('fatigue_touches') }}
        as is_fatigued,  -- True = heard enough from us for now.
    p.owner_staff,  -- Member of staff who owns the person, as the tag says; NULL = nobody.
    p.sales_territory  -- Sales territory; NULL = unknown.
from {{ ref('person_profile') }} as p
inner join {{ ref('person_scope') }} as s on p.one_id = s.one_id
left join {{ ref('person_stage') }} as g on s.person_key = g.person_key
left join {{ ref('person_activity') }} as a on s.person_key = a.person_key
left join {{ ref('lead_score') }} as l on s.person_key = l.person_key
left join {{ ref('person_tag') }} as o
    on p.one_id = o.one_id and o.tag_code = 'six_touch_progress'
left join recent as r on s.person_key = r.person_key
left join erasures as e on s.person_key = e.person_key
