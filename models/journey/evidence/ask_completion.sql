/*
description: Calls to action (行动号召) that people did what they ask for, by calls_to_action.csv; of
  each campaign the first time.
grain: [one_id, campaign_id, action]
*/
select
    t.one_id,  -- The person.
    t.person_key,  -- The person within this release: a number to join by.
    t.campaign_id,  -- Campaign that asked.
    t.action,  -- What was done.
    cast(c.ask_level as bigint) as ask_level,  -- 1 watch live … 5 pay a trial.
    l.name_zh as ask_zh,  -- Chinese name of the level.
    t.behaviour,  -- Behaviour of the touch.
    t.content_id,  -- Content of the touch.
    t.occurred_at as completed_at,  -- When, the first time (UTC).
    t.channel,  -- Channel of the touch.
    t.record_id  -- [pii] The touch that tells.
from {{ ref('person_touch') }} as t
inner join {{ ref('calls_to_action') }} as c
    on t.campaign_id = c.campaign_id and t.action = c.action
inner join {{ ref('ask_levels') }} as l on c.ask_level = l.ask_level
where t.direction = 'inbound'
qualify
    row_number() over (
        partition by t.person_key, t.campaign_id, t.action
        order by t.occurred_at, t.channel, t.record_id
    ) = 1
