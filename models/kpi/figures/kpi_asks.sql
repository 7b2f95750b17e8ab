/*
description: Calls to action that people followed, by the business day on which they were first
  asked.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [cta_completion]
*/
{{ config(published=false) }}
with

calls as (
    select
        c.campaign_id,
        c.action,
        c.ask_level
    from {{ ref('calls_to_action') }} as c
    inner join {{ ref('ask_levels') }} as l on c.ask_level = l.ask_level
),

-- A campaign asks a person when they first meet it: by a touch of ours that did not fail, or by one
-- of theirs.
meetings as (
    select
        t.person_key,
        t.campaign_id,
        min(struct_pack(occurred_date := t.occurred_date, channel := t.channel)) as first_touch
    from {{ ref('person_touch') }} as t
    semi join calls as c on t.campaign_id = c.campaign_id
    where t.direction = 'inbound' or t.outcome is distinct from 'failed'
    group by t.person_key, t.campaign_id
),

asks as (
    select
        m.first_touch.occurred_date as ask_date,
        m.first_touch.channel,
        m.campaign_id,
        c.ask_level,
        count(*) as ask_count,
        count_if(
            date_diff('day', m.first_touch.occurred_date, fn_local_date(d.completed_at))
            <= {{ kpi_window('cta_completion') }}
        ) as completed_count
    from meetings as m
    inner join {{ ref('kpi_person') }} as p on m.person_key = p.person_key
    inner join calls as c on m.campaign_id = c.campaign_id
    left join {{ ref('ask_completion') }} as d
        on
            m.person_key = d.person_key
            and m.campaign_id = d.campaign_id
            and c.action = d.action
    where
        m.first_touch.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
    group by
        m.first_touch.occurred_date, m.first_touch.channel, m.campaign_id, c.ask_level
),

{{ by_dimension(
    'facts', 'asks', ['ask_date', 'ask_count', 'completed_count'],
    own=['total', 'channel', 'campaign', 'scene']
) }},

all_facts as (
    select
        ask_date,
        dimension,
        member,
        ask_count,
        completed_count
    from facts
    union all
    select
        ask_date,
        'ask_level' as dimension,
        ask_level as member,
        ask_count,
        completed_count
    from asks
),

daily as (
    select
        ask_date as as_of_date,
        dimension,
        member,
        sum(ask_count) as ask_count,
        coalesce(sum(completed_count), 0) as completed_count
    from all_facts
    group by ask_date, dimension, member
)

{{ kpi_rows('daily', [['cta_completion', 'completed_count', 'ask_count']]) }}
