/*
description: How far people came in each scenario (场景), by scenario_steps.csv; for each step the
  first evidence since they entered the scenario.
grain: [one_id, scenario, step_no]
*/
{{ config(restricted=false, restate='person') }}
with

rules as (
    select
        scenario,
        cast(step_no as bigint) as step_no,
        is_entry = 'true' as is_entry,
        source,
        behaviour,
        action,
        touchpoint,
        scene
    from {{ ref('scenario_steps') }}
),

steps as (
    select distinct
        scenario,
        cast(step_no as bigint) as step_no,
        step,
        name_zh
    from {{ ref('scenario_steps') }}
),

touches as (
    select
        person_key,
        occurred_at,
        channel,
        record_id,
        behaviour,
        action,
        scene
    from {{ ref('person_touch') }}
    where direction = 'inbound'
),

kinds as (
    select distinct
        behaviour,
        action,
        scene
    from touches
),

ruled_kinds as (
    select distinct
        k.behaviour,
        k.action,
        k.scene,
        r.scenario,
        r.step_no,
        r.is_entry
    from kinds as k
    inner join rules as r
        on
            r.source = 'touch'
            and coalesce(k.behaviour = r.behaviour, r.behaviour is null)
            and coalesce(k.action = r.action, r.action is null)
            and coalesce(k.scene = r.scene, r.scene is null)
),

wins as (
    select
        person_key,
        held_from as occurred_at,
        channel,
        record_id,
        row_number() over (
            partition by person_key order by held_from, channel, record_id, kind
        ) as win_no
    from {{ ref('deal_hold') }}
    where hold = 'won'
),

evidence as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        k.scenario,
        k.step_no,
        k.is_entry
    from touches as t
    inner join ruled_kinds as k
        on
            t.behaviour = k.behaviour
            and t.action is not distinct from k.action
            and t.scene is not distinct from k.scene
    union all
    select
        p.person_key,
        l.started_at as occurred_at,
        l.channel,
        l.record_id,
        r.scenario,
        r.step_no,
        r.is_entry
    from {{ ref('link') }} as l
    inner join {{ ref('record_person') }} as p
        on l.channel = p.channel and l.record_id = p.record_id
    inner join rules as r
        on r.source = 'link' and coalesce(l.touchpoint = r.touchpoint, r.touchpoint is null)
    where p.person_key is not null and l.started_at is not null
    union all
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        r.scenario,
        r.step_no,
        r.is_entry
    from {{ ref('person_touch') }} as t
    inner join rules as r on r.source = 'conversation'
    where {{ is_conversation('t') }}
    union all
    select
        h.person_key,
        h.held_from as occurred_at,
        h.channel,
        h.record_id,
        r.scenario,
        r.step_no,
        r.is_entry
    from {{ ref('deal_hold') }} as h
    inner join rules as r on r.source = 'opportunity'
    where h.hold = 'open'
    union all
    select
        w.person_key,
        w.occurred_at,
        w.channel,
        w.record_id,
        r.scenario,
        r.step_no,
        r.is_entry
    from wins as w
    inner join rules as r
        on r.source = 'deal' or (r.source = 'second_deal' and w.win_no > 1)
),

entries as (
    select
        person_key,
        scenario,
        min(occurred_at) as entered_at
    from evidence
    where is_entry
    group by person_key, scenario
),

reached as (
    select
        e.person_key,
        e.scenario,
        e.step_no,
        n.entered_at,
        min({{ proof('e', 'occurred_at') }}) as proof
    from evidence as e
    inner join entries as n on e.person_key = n.person_key and e.scenario = n.scenario
    where e.occurred_at >= n.entered_at
    group by e.person_key, e.scenario, e.step_no, n.entered_at
)

select
    p.one_id,  -- The person.
    r.person_key,  -- Number of the person in this release, for joins.
    r.scenario,  -- Scenario of scenario_steps.csv.
    r.step_no,  -- Number of the step in it.
    s.step,  -- The step.
    s.name_zh as step_zh,  -- Chinese name of the step.
    r.entered_at,  -- When the person entered the scenario (UTC).
    r.proof.occurred_at as reached_at,  -- When the step was first reached since then (UTC).
    r.proof.channel,  -- Channel of the record that is the evidence.
    r.proof.record_id,  -- [pii] The record that is the evidence.
    r.step_no - row_number() over (
        partition by r.person_key, r.scenario order by r.step_no
    ) as skipped_count  -- Number of earlier steps without evidence.
from reached as r
inner join steps as s on r.scenario = s.scenario and r.step_no = s.step_no
inner join {{ ref('person') }} as p on r.person_key = p.person_key
