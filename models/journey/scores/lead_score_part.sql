/*
description: Every part of every lead score (线索评分) that still counts. The parts of a person add up
  to the score.
grain: [one_id, part, rule, channel, record_id]
*/
{%- set halvings = threshold('score_halvings') | int %}
{%- set days = threshold('score_half_life_days') | int %}
{%- set turns = [] %}
{%- for halving in range(halvings) %}
{%- set _ = turns.append('occurred_at + ' ~ days * (halving + 1)) %}
{%- endfor %}
{{ config(restricted=false, restate='person', calendar=turns) }}
with

aged as (
    select
        person_key,
        part,
        rule,
        behaviour,
        action,
        content_id,
        content_stage,
        channel,
        record_id,
        occurred_at,
        listed_points,
        points,
        cast(
            case
                {%- for halving in range(halvings) %}
                when occurred_at > fn_as_of_end() - interval {{ days * (halving + 1) }} day
                    then {{ halving }}
                {%- endfor %}
            end as bigint
        ) as halvings,
        case
            {%- for halving in range(halvings) %}
            when occurred_at > fn_as_of_end() - interval {{ days * (halving + 1) }} day
                then {{ decay(halving) }}
            {%- endfor %}
        end as decay
    from {{ ref('score_event') }}
    where occurred_at > fn_as_of_end() - interval {{ days * halvings }} day
)

select
    p.one_id,  -- The person.
    d.person_key,  -- Number of the person in this release, for joins.
    d.part,  -- behaviour, sequence or call_to_action.
    d.rule,  -- Rule of score_rules.csv, the sequence, or campaign and action.
    d.behaviour,  -- Behaviour of the touch.
    d.action,  -- Action in the finer terms of the channel.
    d.content_id,  -- Content that was seen.
    d.content_stage,  -- Stage that the content is for.
    d.channel,  -- Channel of the touch.
    d.record_id,  -- [pii] The touch that earned the points.
    d.occurred_at,  -- When the points were earned (UTC).
    d.listed_points,  -- Points that the rule gives.
    d.points,  -- Points that count, up to the daily cap of the behaviour.
    d.halvings,  -- Number of half-lives from then to the end of as_of.
    d.decay,  -- 1, 0.5, 0.25 …: halved with each half-life.
    cast(d.points * d.decay as decimal(18, 9)) as score  -- Points times decay.
from aged as d
inner join {{ ref('person') }} as p on d.person_key = p.person_key
