/*
description: People whom rules exclude by how they browse; a machine that says so itself, is too
  fast, or never pauses.
grain: [person_key, rule, since_at]
*/
{{ config(published=false, restate='person') }}
{%- set limits = reference('exclusion_rules')
    | selectattr('signal', 'in', ['touches_per_minute', 'touches_without_pause'])
    | map(attribute='value') | map('int') | list %}
with

agents as (
    select distinct user_agent
    from {{ ref('person_touch') }}
    where user_agent is not null
),

matched as (
    {%- for row in reference('exclusion_rules') if row.signal == 'user_agent' %}
    select
        user_agent,
        {{ literal(row.rule) }} as rule
    from agents
    where regexp_matches(lower(user_agent), {{ literal(row.value | lower) }})
    union all
    {%- endfor %}
    select
        user_agent,
        cast(null as varchar) as rule
    from agents
    where false
),

by_agent as (
    select
        t.person_key,
        m.rule,
        t.occurred_at,
        t.channel,
        t.record_id
    from {{ ref('person_touch') }} as t
    inner join matched as m on t.user_agent = m.user_agent
),

-- People with fewer touches than the lowest limit are skipped.
many as (
    select person_key
    from {{ ref('person_touch') }}
    where user_agent is not null
    group by person_key
    having count(*) >= {{ (limits + [1000000000]) | min }}
),

browsed as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        count(*) over (
            partition by t.person_key order by t.occurred_at
            range between interval 59999999 microsecond preceding and current row
        ) as minute_count,
        case
            when
                t.occurred_at
                < lag(t.occurred_at) over (
                    partition by t.person_key order by t.occurred_at, t.channel, t.record_id
                ) + interval {{ threshold('bot_pause_seconds') }} second
                then 0
            else 1
        end as is_rested
    from {{ ref('person_touch') }} as t
    semi join many as m on t.person_key = m.person_key
    where t.user_agent is not null
),

runs as (
    select
        person_key,
        occurred_at,
        channel,
        record_id,
        minute_count,
        sum(is_rested) over (
            partition by person_key order by occurred_at, channel, record_id
            rows between unbounded preceding and current row
        ) as run_no
    from browsed
),

counted as (
    select
        person_key,
        occurred_at,
        channel,
        record_id,
        minute_count,
        row_number() over (
            partition by person_key, run_no order by occurred_at, channel, record_id
        ) as run_count
    from runs
),

found as (
    select
        person_key,
        rule,
        occurred_at,
        channel,
        record_id
    from by_agent
    union all
    select
        c.person_key,
        r.rule,
        c.occurred_at,
        c.channel,
        c.record_id
    from counted as c
    inner join {{ exclusion_rules_by(['touches_per_minute']) }} as r
        on c.minute_count >= cast(r.value as bigint)
    union all
    select
        c.person_key,
        r.rule,
        c.occurred_at,
        c.channel,
        c.record_id
    from counted as c
    inner join {{ exclusion_rules_by(['touches_without_pause']) }} as r
        on c.run_count >= cast(r.value as bigint)
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    rule,  -- Rule of exclusion_rules.csv.
    occurred_at as since_at,  -- When it was first observed (UTC).
    cast(null as timestamp) as until_at,  -- Always NULL: a machine stays a machine.
    channel,  -- Channel of the touch that is the evidence.
    record_id  -- [pii] The touch that is the evidence.
from found
qualify
    row_number() over (partition by person_key, rule order by occurred_at, channel, record_id) = 1
