/*
description: Calls to action (行动号召) that people followed, by calls_to_action.csv; the first time for
  each campaign.
grain: [one_id, campaign_id, action]
*/
{{ config(restricted=false, restate='person') }}
select
    t.one_id,  -- The person.
    t.person_key,  -- Number of the person in this release, for joins.
    t.campaign_id,  -- Campaign that asked.
    t.action,  -- Action of the touch.
    cast(c.ask_level as bigint) as ask_level,  -- 1 watch live … 5 pay a trial.
    l.name_zh as ask_zh,  -- Chinese name of the level.
    t.behaviour,  -- Behaviour of the touch.
    t.content_id,  -- Content of the touch.
    t.occurred_at as completed_at,  -- When they did it first (UTC).
    t.channel,  -- Channel of the touch.
    t.record_id  -- [pii] The touch that is the evidence.
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
