/*
description: When people became leads, and when they were won. A lead has reached lead_rank, and no
  rule excludes the person.
grain: [person_key]
*/
{{ config(published=false) }}
with

lead_moves as (
    select
        t.person_key,
        t.moved_at,
        t.channel
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
    anti join {{ ref('person_exclusion') }} as x on t.person_key = x.person_key
    where
        cast(s.stage_rank as bigint) >= {{ stage_rule('lead_rank') }} and t.direction <> 'back'
    qualify
        row_number() over (
            partition by t.person_key
            order by t.moved_at, cast(s.stage_rank as bigint), t.channel, t.record_id
        ) = 1
),

wins as (
    select
        person_key,
        min(moved_at) as won_at
    from {{ ref('stage_transition') }}
    where to_stage = 'won'
    group by person_key
)

select
    l.person_key,  -- Number of the person in this release; joins identity.person.
    l.moved_at as lead_at,  -- When the person became a lead (UTC).
    fn_local_date(l.moved_at) as lead_date,  -- Business date of lead_at.
    l.channel,  -- Channel of the record that made the person a lead.
    p.source_campaign_id as campaign_id,  -- Campaign that brought the person.
    w.won_at,  -- When the person was first won (UTC); NULL = not yet.
    fn_local_date(w.won_at) as won_date  -- Business date of won_at.
from lead_moves as l
inner join {{ ref('person') }} as p on l.person_key = p.person_key
left join wins as w on l.person_key = w.person_key
