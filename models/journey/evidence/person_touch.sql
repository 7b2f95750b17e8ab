/*
description: Touches of known people.
grain: [channel, record_id]
*/
{{ config(restricted=false, restate='record') }}
select
    p.person_key,  -- Number of the person in this release, for joins.
    p.one_id,  -- The person.
    t.occurred_at,  -- When it happened (UTC).
    fn_local_date(t.occurred_at) as occurred_date,  -- Business date of occurred_at.
    t.channel,  -- Channel code.
    t.record_id,  -- [pii] The exported row.
    t.behaviour,  -- One of the seven behaviours.
    t.action,  -- Action in the finer terms of the channel.
    t.direction,  -- inbound: the person acted; outbound: we did.
    t.outcome,  -- sent, delivered, clicked, replied, answered or failed.
    t.medium,  -- Medium of the contact: call, visit, email, web.
    t.scene,  -- Scene that the touch belongs to.
    t.product_id,  -- Product that was seen.
    t.content_id,  -- Content that was seen.
    t.campaign_id,  -- Campaign that the touch belongs to.
    t.staff_id,  -- Member of staff on our side.
    t.group_id,  -- Group in which it happened.
    t.duration_seconds,  -- How long it took, in seconds.
    t.progress,  -- Share of a course that the person has completed, 0 to 1.
    t.user_agent  -- Browser or device, as sent.
from {{ ref('touch') }} as t
inner join {{ ref('record_person') }} as p
    on t.channel = p.channel and t.record_id = p.record_id
where p.person_key is not null
