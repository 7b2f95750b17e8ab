/*
description: Sequences of actions that people completed in order and in time, by sequence_rules.csv.
  Each beginning counts once.
grain: [person_key, sequence, channel, record_id]
*/
{{ config(published=false, restate='person') }}
{%- set steps = reference('sequence_rules') | map(attribute='step_no') | map('int') | list %}
{%- set last_step = (steps + [1]) | max %}
with

touches as (
    select
        t.person_key,
        t.occurred_at,
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
        behaviour,
        action
    from touches
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

-- People who have done the last step of a sequence: nobody else can complete it.
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

-- began_at is when the chain that leads to a touch began. If several chains lead to it, the one
-- that began latest counts. Each round adds one step.
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

-- Chains that are complete and fast enough. A beginning counts once.
completed as (
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
    person_key,  -- Number of the person in this release; joins identity.person.
    sequence,  -- Sequence of sequence_rules.csv.
    behaviour,  -- Behaviour of the touch that completed it.
    action,  -- Action of that touch, in the finer terms of the channel.
    content_id,  -- Content of that touch.
    content_stage,  -- Stage that the content is for.
    channel,  -- Channel of that touch.
    record_id,  -- [pii] That touch.
    occurred_at as completed_at,  -- When the sequence was completed (UTC).
    began_at as started_at,  -- When it began (UTC).
    points  -- Points that it earns.
from completed
