/*
description: People who are not leads, with the rule and the time (排除名单); learners, competitors,
  bots, staff and partners. A row is overruled if another rule allows the person.
grain: [one_id, kind, rule, since_at]
*/
{{ config(restricted=false) }}
{%- set signals = ['mail', 'company', 'title', 'touch', 'content', 'identifier'] %}
with

found as (
    {%- for signal in signals %}
    select
        person_key,
        rule,
        since_at,
        until_at,
        channel,
        record_id
    from {{ ref('exclusion_by_' ~ signal) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

ruled as (
    select
        f.person_key,
        f.rule,
        f.since_at,
        f.until_at,
        f.channel,
        f.record_id,
        r.kind,
        r.effect,
        r.signal
    from found as f
    inner join {{ ref('exclusion_rules') }} as r on f.rule = r.rule
    where f.until_at is null or f.until_at > f.since_at
    qualify
        row_number() over (
            partition by f.person_key, f.rule, f.since_at
            order by
                f.until_at desc nulls first, f.channel asc nulls last, f.record_id asc nulls last
        ) = 1
),

allowed as (
    select
        person_key,
        kind,
        min(rule) as rule
    from ruled
    where effect = 'allow'
    group by person_key, kind
)

select
    p.one_id,  -- The person.
    e.person_key,  -- Number of the person in this release, for joins.
    e.kind,  -- learner, competitor, bot, staff or partner.
    e.rule,  -- Rule of exclusion_rules.csv that excludes the person.
    e.signal,  -- Kind of signal that the rule checks.
    e.since_at,  -- Beginning (UTC, included). Evidence from then on does not count as intent.
    e.until_at,  -- End (UTC, not included); NULL = still excluded.
    e.channel,  -- Channel of the record that is the evidence; NULL = a rule names the person.
    e.record_id,  -- [pii] The record that is the evidence.
    a.rule is not null as is_overruled,  -- True = a rule with the effect allow applies.
    a.rule as overruled_by  -- That rule.
from ruled as e
inner join {{ ref('person') }} as p on e.person_key = p.person_key
left join allowed as a on e.person_key = a.person_key and e.kind = a.kind
where e.effect = 'exclude'
