/*
description: What earned points, when, and how many points count after the daily cap, before decay.
  Rules are in score_rules.csv, sequence_rules.csv and ask_levels.csv.
grain: [person_key, part, rule, channel, record_id]
*/
{{ config(published=false, restate='person') }}
with

touches as (
    select
        t.person_key,
        t.occurred_at,
        t.occurred_date,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.content_id,
        c.content_stage
    from {{ ref('person_touch') }} as t
    left join {{ ref('content') }} as c on t.content_id = c.content_id
    where t.direction = 'inbound'
),

kinds as (
    select distinct
        channel,
        behaviour,
        action,
        content_stage
    from touches
),

-- For each kind of touch only the most specific rule counts.
ruled_kinds as (
    select
        k.channel,
        k.behaviour,
        k.action,
        k.content_stage,
        r.rule,
        cast(r.points as decimal(10, 2)) as listed_points,
        cast(g.day_cap as decimal(10, 2)) as day_cap
    from kinds as k
    inner join {{ ref('score_rules') }} as r
        on
            k.behaviour = r.behaviour
            and coalesce(k.action = r.action, r.action is null)
            and coalesce(k.content_stage = r.content_stage, r.content_stage is null)
            and coalesce(k.channel = r.channel, r.channel is null)
    inner join {{ ref('score_rules') }} as g on k.behaviour = g.behaviour and g.day_cap is not null
    qualify
        row_number() over (
            partition by k.channel, k.behaviour, k.action, k.content_stage
            order by
                case when r.action is null then 1 else 0 end,
                case when r.content_stage is null then 1 else 0 end,
                case when r.channel is null then 1 else 0 end,
                cast(r.points as decimal(10, 2)) desc, r.rule asc
        ) = 1
),

scored as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.content_id,
        t.content_stage,
        k.rule,
        k.listed_points,
        k.day_cap,
        t.occurred_date
    from touches as t
    inner join ruled_kinds as k
        on
            t.channel = k.channel
            and t.behaviour = k.behaviour
            and t.action is not distinct from k.action
            and t.content_stage is not distinct from k.content_stage
    where k.listed_points > 0
),

-- Few days reach their cap. Only these days are added up touch by touch.
full_days as (
    select
        person_key,
        behaviour,
        occurred_date
    from scored
    group by person_key, behaviour, occurred_date, day_cap
    having sum(listed_points) > day_cap
),

capped as (
    select
        s.person_key,
        s.occurred_at,
        s.channel,
        s.record_id,
        s.behaviour,
        s.action,
        s.content_id,
        s.content_stage,
        s.rule,
        s.listed_points,
        s.day_cap,
        sum(s.listed_points) over (
            partition by s.person_key, s.behaviour, s.occurred_date
            order by s.occurred_at, s.channel, s.record_id
            rows between unbounded preceding and current row
        ) as day_points
    from scored as s
    semi join full_days as f
        on
            s.person_key = f.person_key
            and s.behaviour = f.behaviour
            and s.occurred_date = f.occurred_date
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    'behaviour' as part,  -- behaviour, sequence or call_to_action.
    rule,  -- Rule of score_rules.csv, the sequence, or campaign and action.
    behaviour,  -- Behaviour of the touch.
    action,  -- Action in the finer terms of the channel.
    content_id,  -- Content that was seen.
    content_stage,  -- Stage that the content is for.
    channel,  -- Channel of the touch.
    record_id,  -- [pii] The touch that earned the points.
    occurred_at,  -- When the points were earned (UTC).
    cast(null as timestamp) as started_at,  -- When the sequence began (UTC).
    listed_points,  -- Points that the rule gives.
    cast(least(listed_points, listed_points + day_cap - day_points) as decimal(10, 2))
        as points  -- Points that count, up to the daily cap of the behaviour.
from capped
where day_points - listed_points < day_cap
union all
select
    s.person_key,
    'behaviour' as part,
    s.rule,
    s.behaviour,
    s.action,
    s.content_id,
    s.content_stage,
    s.channel,
    s.record_id,
    s.occurred_at,
    cast(null as timestamp) as started_at,
    s.listed_points,
    s.listed_points as points
from scored as s
anti join full_days as f
    on
        s.person_key = f.person_key
        and s.behaviour = f.behaviour
        and s.occurred_date = f.occurred_date
union all
select
    person_key,
    'sequence' as part,
    sequence as rule,
    behaviour,
    action,
    content_id,
    content_stage,
    channel,
    record_id,
    completed_at as occurred_at,
    started_at,
    points as listed_points,
    points
from {{ ref('sequence_completion') }}
union all
select
    a.person_key,
    'call_to_action' as part,
    a.campaign_id || ':' || a.action as rule,
    a.behaviour,
    a.action,
    a.content_id,
    c.content_stage,
    a.channel,
    a.record_id,
    a.completed_at as occurred_at,
    cast(null as timestamp) as started_at,
    cast(l.points as decimal(10, 2)) as listed_points,
    cast(l.points as decimal(10, 2)) as points
from {{ ref('ask_completion') }} as a
inner join {{ ref('ask_levels') }} as l on a.ask_level = cast(l.ask_level as bigint)
left join {{ ref('content') }} as c on a.content_id = c.content_id
where cast(l.points as decimal(10, 2)) > 0
