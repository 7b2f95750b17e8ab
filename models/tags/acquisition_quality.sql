/*
description: Which way in brings whom (来源质量); people by first channel and scene, with the share
  that reached intent and the share that fell asleep after the first day. Staff, competitors and
  bots are left out.
grain: [first_channel, first_scene]
*/
with

people as (
    select
        p.person_key,
        p.first_channel,
        fn_local_date(p.first_seen_at) as first_date
    from {{ ref('person') }} as p
    left join {{ ref('person_exclusion') }} as x on p.person_key = x.person_key
    where x.kind is null or x.kind not in ('staff', 'competitor', 'bot')
),

first_campaigns as (
    select
        s.person_key,
        c.scene
    from {{ ref('person_tag') }} as t
    inner join {{ ref('person_scope') }} as s on t.one_id = s.one_id
    inner join {{ ref('campaigns') }} as c on t.tag_value = c.campaign_id
    where t.tag_code = 'first_campaign' and c.scene is not null
),

-- Only of people whose first campaign does not say it.
first_touches as (
    select
        t.person_key,
        arg_min(t.scene, {{ proof('t', 'occurred_at') }}) as scene
    from {{ ref('person_touch') }} as t
    anti join first_campaigns as c on t.person_key = c.person_key
    where t.direction = 'inbound' and t.scene is not null
    group by t.person_key
),

intents as (
    select distinct t.person_key
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
    inner join {{ ref('stages') }} as i
        on i.stage = 'intent' and cast(s.stage_rank as bigint) >= cast(i.stage_rank as bigint)
),

returned as (
    select distinct p.person_key
    from people as p
    inner join {{ ref('person_touch') }} as t on p.person_key = t.person_key
    where
        t.direction = 'inbound'
        and date_diff('day', p.first_date, t.occurred_date)
        between 1 and {{ threshold('acquisition_days') }}
),

judged as (
    select
        p.first_channel,
        coalesce(c.scene, t.scene) as first_scene,
        i.person_key is not null as is_intent,
        {{ days_ago('p.first_date') }} < {{ threshold('acquisition_days') }} as is_maturing,
        {{ days_ago('p.first_date') }} >= {{ threshold('acquisition_days') }}
        and r.person_key is null as is_dormant
    from people as p
    left join first_campaigns as c on p.person_key = c.person_key
    left join first_touches as t on p.person_key = t.person_key
    left join intents as i on p.person_key = i.person_key
    left join returned as r on p.person_key = r.person_key
),

counted as (
    select
        first_channel,
        first_scene,
        count(*) as people_count,
        count_if(is_intent) as intent_count,
        count_if(is_dormant) as dormant_30d_count,
        count_if(is_maturing) as maturing_count
    from judged
    group by first_channel, first_scene
)

select
    first_channel,  -- Channel of the earliest record.
    first_scene,  -- Scene of the first campaign, or else of the earliest touch; NULL = unknown.
    people_count,  -- People.
    cast(intent_count as bigint) as intent_count,  -- Of them, who ever reached intent or beyond.
    cast(cast(intent_count as double) / people_count as decimal(9, 6))
        as intent_share,  -- Their share, 0 to 1.
    cast(dormant_30d_count as bigint)
        as dormant_30d_count,  -- Without an inbound touch from day 1 to day 30 after the first.
    cast(
        cast(dormant_30d_count as double) / nullif(people_count - maturing_count, 0)
        as decimal(9, 6)
    ) as dormant_30d_share,  -- Share of those first seen at least 30 days ago; NULL = nobody.
    cast(maturing_count as bigint)
        as maturing_count  -- First seen less than 30 days ago: too early to say.
from counted
