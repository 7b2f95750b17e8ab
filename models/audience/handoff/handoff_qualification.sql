/*
description: When each person qualified for each step of the hand-off, by handoff_rules.csv; the
  first time in each segment of their history. A setback (a lost opportunity, a full refund) ends a
  segment. Only what was known at that moment counts.
grain: [person_key, step, segment_no]
*/
-- noqa: disable=LT02
{{- config(published=false, restate='person', calendar=['observed_at']) }}
{%- set fields = ['behaviour', 'action', 'channel', 'medium', 'direction', 'outcome'] %}
with

rules as (
    select
        cast(rule_order as bigint) as rule_order,
        rule,
        step,
        source,
        {%- for field in fields %}
        {{ field }},
        {%- endfor %}
        touchpoint,
        stage,
        cast(times as bigint) as times,
        after as after_step,
        urgency
    from {{ ref('handoff_rules') }}
),

-- There are few kinds of touches, so each one is compared with the rules once.
kinds as (
    select distinct
        {%- for field in fields %}
        {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('person_touch') }}
),

ruled_kinds as (
    select
        {%- for field in fields %}
        k.{{ field }},
        {%- endfor %}
        r.rule,
        min(r.rule_order) as rule_order
    from kinds as k
    left join {{ ref('sincere_actions') }} as s
        on k.action = s.action and k.direction = 'inbound'
    inner join rules as r
        on
            (r.source = 'conversation' and {{ is_conversation('k') }})
            or (r.source = 'sincere_action' and s.action is not null)
            or (
                r.source = 'touch'
                {%- for field in fields %}
                and coalesce(k.{{ field }} = r.{{ field }}, r.{{ field }} is null)
                {%- endfor %}
            )
    group by
        {%- for field in fields %}
        k.{{ field }},
        {%- endfor %}
        r.rule
),

versions as (
    {{ contact_versions(['mobile', 'email', 'referrer_value']) }}
),

contacts as (
    select
        p.person_key,
        v.channel,
        v.record_id,
        min(v.observed_at) filter (where v.mobile is not null or v.email is not null)
            as reachable_at,
        min(v.observed_at) filter (where v.referrer_value is not null) as referred_at
    from versions as v
    inner join {{ ref('record_person') }} as p
        on v.channel = p.channel and v.record_id = p.record_id
    where p.person_key is not null
    group by p.person_key, v.channel, v.record_id
),

ways as (
    select
        person_key,
        started_at as reachable_at
    from {{ ref('person_link') }}
    union all
    select
        person_key,
        reachable_at
    from contacts
),

-- Nobody can call or write to a person before we know how.
reached as (
    select
        person_key,
        min(reachable_at) as reachable_at
    from ways
    where reachable_at is not null
    group by person_key
),

signs as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        k.rule_order
    from {{ ref('person_touch') }} as t
    inner join ruled_kinds as k
        on
            {%- for field in fields %}
            {{ 'and ' if not loop.first }}t.{{ field }} is not distinct from k.{{ field }}
            {%- endfor %}
    union all
    select
        p.person_key,
        t.opened_at as occurred_at,
        t.channel,
        t.record_id,
        r.rule_order
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as p
        on t.channel = p.channel and t.record_id = p.record_id
    inner join rules as r on r.source = 'ticket'
    where p.person_key is not null
    union all
    select
        c.person_key,
        c.referred_at as occurred_at,
        c.channel,
        c.record_id,
        r.rule_order
    from contacts as c
    inner join rules as r on r.source = 'referral'
    where c.referred_at is not null
    union all
    select
        l.person_key,
        l.started_at as occurred_at,
        l.channel,
        l.record_id,
        r.rule_order
    from {{ ref('person_link') }} as l
    inner join rules as r on r.source = 'link' and l.touchpoint = r.touchpoint
    where l.started_at is not null
    union all
    select
        m.person_key,
        m.moved_at as occurred_at,
        m.channel,
        m.record_id,
        r.rule_order
    from {{ ref('stage_transition') }} as m
    inner join rules as r on r.source = 'stage' and m.to_stage = r.stage
    where m.direction <> 'back'
    union all
    select
        h.person_key,
        h.held_from as occurred_at,
        h.channel,
        h.record_id,
        r.rule_order
    from {{ ref('deal_hold') }} as h
    inner join rules as r on r.source = 'opportunity'
    where h.hold = 'open'
),

-- An opportunity needs no way to reach the person: sales have one.
moments as (
    select
        s.person_key,
        case
            when r.source = 'opportunity' then s.occurred_at
            else greatest(s.occurred_at, w.reachable_at)
        end as qualified_at,
        s.occurred_at,
        s.channel,
        s.record_id,
        r.rule_order,
        r.source
    from signs as s
    inner join rules as r on s.rule_order = r.rule_order
    left join reached as w on s.person_key = w.person_key
    where r.source = 'opportunity' or w.person_key is not null
),

-- Whoever was excluded at that moment does not qualify, and neither does who had a deal with us.
allowed as (
    select
        m.person_key,
        m.qualified_at,
        m.occurred_at,
        m.channel,
        m.record_id,
        m.rule_order
    from moments as m
    anti join {{ ref('exclusion') }} as x
        on not x.is_overruled and {{ excluded_at('m', 'qualified_at') }}
    anti join {{ ref('deal_hold') }} as h
        on
            m.source <> 'opportunity'
            and m.person_key = h.person_key
            and m.qualified_at >= h.held_from
            and coalesce(m.qualified_at < h.held_to, true)
),

segmented as (
    {{ with_segment(
        'allowed', 'qualified_at', ['occurred_at', 'channel', 'record_id', 'rule_order']
    ) }}
),

evidence as (
    select
        s.person_key,
        s.segment_no,
        s.qualified_at,
        s.occurred_at,
        s.channel,
        s.record_id,
        s.rule_order,
        r.rule,
        r.step,
        r.times,
        r.after_step
    from segmented as s
    inner join rules as r on s.rule_order = r.rule_order
    where s.segment_from is null or s.occurred_at > s.segment_from
),

first_evidence as (
    select
        person_key,
        segment_no,
        qualified_at,
        channel,
        record_id,
        rule_order,
        step
    from evidence
    where after_step is null
    qualify
        row_number() over (
            partition by person_key, segment_no, rule
            order by qualified_at, occurred_at, channel, record_id
        ) = times
),

earlier_steps as (
    select
        person_key,
        segment_no,
        step,
        min(qualified_at) as qualified_at
    from first_evidence
    group by person_key, segment_no, step
),

later_evidence as (
    select
        e.person_key,
        e.segment_no,
        e.qualified_at,
        e.channel,
        e.record_id,
        e.rule_order,
        e.step
    from evidence as e
    inner join earlier_steps as f
        on
            e.person_key = f.person_key
            and e.segment_no = f.segment_no
            and e.after_step = f.step
            and e.occurred_at > f.qualified_at
    qualify
        row_number() over (
            partition by e.person_key, e.segment_no, e.rule
            order by e.qualified_at, e.occurred_at, e.channel, e.record_id
        ) = e.times
),

qualified as (
    select
        person_key,
        segment_no,
        qualified_at,
        channel,
        record_id,
        rule_order,
        step
    from first_evidence
    union all
    select
        person_key,
        segment_no,
        qualified_at,
        channel,
        record_id,
        rule_order,
        step
    from later_evidence
),

firsts as (
    select
        person_key,
        segment_no,
        qualified_at,
        channel,
        record_id,
        rule_order,
        step
    from qualified
    qualify
        row_number() over (
            partition by person_key, segment_no, step
            order by qualified_at, rule_order, channel, record_id
        ) = 1
)

select
    p.one_id,  -- The person.
    q.person_key,  -- Number of the person in this release, for joins.
    q.step,  -- marketing_to_sdr or sdr_to_sales.
    q.segment_no,  -- Number of setbacks before it; 0 = before the first.
    q.qualified_at,  -- When the evidence was complete and we could reach the person (UTC).
    r.rule,  -- Rule of handoff_rules.csv.
    r.urgency,  -- urgent or normal, as the rule says.
    q.channel,  -- Channel of the record that is the evidence.
    q.record_id,  -- [pii] The record that is the evidence.
    s.setback_at,  -- When a setback ended the segment (UTC); NULL = it goes on.
    s.reason as setback_reason  -- lost or refunded.
from firsts as q
inner join rules as r on q.rule_order = r.rule_order
inner join {{ ref('person') }} as p on q.person_key = p.person_key
left join {{ ref('stage_setback') }} as s
    on q.person_key = s.person_key and q.segment_no + 1 = s.setback_no
