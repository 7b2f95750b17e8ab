/*
description: What earns points, when, and how many after the cap of the day; undecayed. By
  score_rules.csv, sequence_rules.csv and ask_levels.csv.
grain: [person_key, part, rule, channel, record_id]
*/
{{ config(published=false) }}
{%- set steps = reference('sequence_rules') | map(attribute='step_no') | map('int') | list %}
{%- set last_step = (steps + [1]) | max %}
with

touches as (
    select
        t.person_key,
        t.occurred_at,
        t.touch_date,
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

-- The most specific rule of a kind of touch counts, and no other.
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
        t.touch_date
    from touches as t
    inner join ruled_kinds as k
        on
            t.channel = k.channel
            and t.behaviour = k.behaviour
            and t.action is not distinct from k.action
            and t.content_stage is not distinct from k.content_stage
    where k.listed_points > 0
),

-- Few days reach their cap: only these are added up touch by touch.
full_days as (
    select
        person_key,
        behaviour,
        touch_date
    from scored
    group by person_key, behaviour, touch_date, day_cap
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
            partition by s.person_key, s.behaviour, s.touch_date
            order by s.occurred_at, s.channel, s.record_id
            rows between unbounded preceding and current row
        ) as day_points
    from scored as s
    semi join full_days as f
        on
            s.person_key = f.person_key
            and s.behaviour = f.behaviour
            and s.touch_date = f.touch_date
),

step_kinds as (
    select distinct
        k.behaviour,
        k.action,
        r.sequence,
        cast(r.step_no as bigint) as step_no
    from kinds as k
    inner join {{ ref('sequence_rules') }} as r
        on
            coalesce(k.behaviour = r.behaviour, r.behaviour is null)
            and coalesce(k.action = r.action, r.action is null)
),

sequences as (
    select
        sequence,
        max(cast(step_no as bigint)) as last_step,
        max(cast(within_days as bigint)) as within_days,
        max(cast(points as decimal(10, 2))) as points
    from {{ ref('sequence_rules') }}
    group by sequence
),

-- Whoever has never done the last step of a sequence has no chain of it.
enders as (
    select distinct
        t.person_key,
        k.sequence
    from touches as t
    inner join step_kinds as k
        on t.behaviour = k.behaviour and t.action is not distinct from k.action
    inner join sequences as s on k.sequence = s.sequence and k.step_no = s.last_step
),

steps as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.content_id,
        t.content_stage,
        k.sequence,
        k.step_no
    from touches as t
    inner join step_kinds as k
        on t.behaviour = k.behaviour and t.action is not distinct from k.action
    semi join enders as e on t.person_key = e.person_key and k.sequence = e.sequence
),

-- A chain is known by when it began; of several that lead to a step the one that began latest.
chain_1 as (
    select
        person_key,
        occurred_at,
        channel,
        record_id,
        behaviour,
        action,
        content_id,
        content_stage,
        sequence,
        step_no,
        case when step_no = 1 then occurred_at end as began_at
    from steps
),
{%- for step in range(2, last_step + 1) %}

chain_{{ step }} as (
    select
        person_key,
        occurred_at,
        channel,
        record_id,
        behaviour,
        action,
        content_id,
        content_stage,
        sequence,
        step_no,
        case
            when step_no < {{ step }} then began_at
            when step_no = {{ step }}
                then
                    max(case when step_no = {{ step - 1 }} then began_at end) over (
                        partition by person_key, sequence order by occurred_at
                        range between unbounded preceding and interval 1 microsecond preceding
                    )
        end as began_at
    from chain_{{ step - 1 }}
),
{%- endfor %}

earned as (
    select
        c.person_key,
        c.occurred_at,
        c.channel,
        c.record_id,
        c.behaviour,
        c.action,
        c.content_id,
        c.content_stage,
        c.sequence,
        c.began_at,
        s.points
    from chain_{{ last_step }} as c
    inner join sequences as s on c.sequence = s.sequence and c.step_no = s.last_step
    where c.began_at is not null and c.occurred_at <= c.began_at + s.within_days * interval 1 day
    qualify
        row_number() over (
            partition by c.person_key, c.sequence, c.began_at
            order by c.occurred_at, c.channel, c.record_id
        ) = 1
)

select
    person_key,  -- The person within this release: joins identity.person.
    'behaviour' as part,  -- behaviour, sequence or call_to_action.
    rule,  -- Rule of score_rules.csv, the sequence, or campaign and action.
    behaviour,  -- Behaviour of the touch.
    action,  -- The channel's finer word.
    content_id,  -- Content that was seen.
    content_stage,  -- Stage that the content is for.
    channel,  -- Channel of the touch.
    record_id,  -- [pii] The touch that earned it.
    occurred_at,  -- When it was earned (UTC).
    cast(null as timestamp) as started_at,  -- When the sequence began (UTC).
    listed_points,  -- Points that the rule gives.
    cast(least(listed_points, listed_points + day_cap - day_points) as decimal(10, 2))
        as points  -- Points that count: the day's cap for a behaviour cuts the rest.
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
        and s.touch_date = f.touch_date
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
    occurred_at,
    began_at as started_at,
    points as listed_points,
    points
from earned
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
