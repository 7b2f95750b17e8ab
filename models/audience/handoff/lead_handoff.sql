/*
description: Leads that are handed over, from marketing to SDR and from SDR to sales (线索交接), with
  owner, deadline, acceptance and outcome. Of several hand-offs of a person and step the latest one.
grain: [one_id, step]
*/
-- noqa: disable=LT02
{#- Hours between two moments with two digits, rounded down. Whole numbers keep them exact. -#}
{%- macro hours_between(begun, ended) -%}
cast(
        fn_share(
            date_diff('second', date_trunc('second', {{ begun }}), date_trunc('second', {{ ended }})),
            100,
            3600
        ) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    )
{%- endmacro %}
with

staff as (
    select distinct
        staff_id,
        role
    from {{ ref('staff') }}
),

qualified as (
    select
        one_id,
        person_key,
        step,
        case step when 'marketing_to_sdr' then 'sdr' else 'sales' end as role,
        qualified_at,
        rule,
        urgency,
        channel,
        record_id,
        setback_at,
        setback_reason
    from {{ ref('handoff_qualification') }}
    qualify row_number() over (partition by person_key, step order by segment_no desc) = 1
),

handed as (
    select
        q.one_id,
        q.person_key,
        a.account_id,
        q.step,
        q.role,
        q.qualified_at,
        q.rule,
        q.channel,
        q.record_id,
        q.setback_at,
        q.setback_reason,
        q.qualified_at + cast(s.hours_to_accept as bigint) * interval 1 hour as due_at,
        a.lead_score,
        a.sales_territory,
        a.last_inbound_at,
        a.silent_days
    from qualified as q
    inner join {{ ref('audience_person') }} as a on q.person_key = a.person_key
    left join {{ ref('sla') }} as s on q.step = s.step and q.urgency = s.urgency
    where a.audience in ('prospect', 'customer')
),

-- Whoever works on the lead: a conversation with anybody, something that a member of staff of the
-- role did, or an opportunity.
answers as (
    select
        q.person_key,
        q.step,
        t.occurred_at as accepted_at
    from handed as q
    inner join {{ ref('person_touch') }} as t
        on q.person_key = t.person_key and q.qualified_at < t.occurred_at
    left join staff as s on t.staff_id = s.staff_id and q.role = s.role
    where
        coalesce(t.occurred_at <= q.setback_at, true)
        and (
            {{ is_conversation('t') }}
            or (
                s.staff_id is not null
                and t.direction = 'outbound'
                and t.medium in ('call', 'visit', 'meeting', 'email', 'one_to_one')
                and coalesce(t.action, '') <> 'mass_send'
                and coalesce(t.outcome, '') <> 'failed'
            )
        )
    union all
    select
        q.person_key,
        q.step,
        h.held_from as accepted_at
    from handed as q
    inner join {{ ref('deal_hold') }} as h
        on q.person_key = h.person_key and q.qualified_at <= h.held_from
    inner join {{ ref('deal') }} as d on h.channel = d.channel and h.record_id = d.record_id
    semi join staff as s on d.staff_id = s.staff_id or d.sdr_id = s.staff_id
    where h.hold = 'open' and coalesce(h.held_from <= q.setback_at, true)
),

acceptances as (
    select
        person_key,
        step,
        min(accepted_at) as accepted_at
    from answers
    group by person_key, step
),

wins as (
    select
        q.person_key,
        q.step,
        min(h.held_from) as won_at
    from handed as q
    inner join {{ ref('deal_hold') }} as h
        on q.person_key = h.person_key and q.qualified_at <= h.held_from
    where h.hold = 'won' and h.held_to is null and q.setback_at is null
    group by q.person_key, q.step
),

decided as (
    select
        q.one_id,
        q.person_key,
        q.account_id,
        q.step,
        q.role,
        q.qualified_at,
        q.rule,
        q.channel,
        q.record_id,
        q.setback_reason,
        q.due_at,
        q.lead_score,
        q.sales_territory,
        q.last_inbound_at,
        q.silent_days,
        a.accepted_at,
        case
            when q.setback_reason = 'lost' and q.step = 'sdr_to_sales' then 'lost'
            when q.setback_at is not null then 'returned'
            when w.won_at is not null then 'won'
            when a.accepted_at is not null then 'accepted'
            else 'open'
        end as status,
        coalesce(q.setback_at, w.won_at, a.accepted_at, q.qualified_at) as status_at
    from handed as q
    left join acceptances as a on q.person_key = a.person_key and q.step = a.step
    left join wins as w on q.person_key = w.person_key and q.step = w.step
)

select
    d.one_id,  -- The person.
    d.person_key,  -- Number of the person in this release, for joins.
    d.account_id,  -- The current company; NULL = unknown.
    d.step,  -- marketing_to_sdr or sdr_to_sales.
    d.qualified_at,  -- When the person qualified (UTC).
    d.rule as reason,  -- Rule of handoff_rules.csv that qualified the person.
    d.channel,  -- Channel of the record that is the evidence.
    d.record_id,  -- [pii] The record that is the evidence.
    d.lead_score as score,  -- Lead score at the end of as_of.
    o.staff_id as owner_staff,  -- Who has to act: an SDR or sales; NULL = nobody has this role.
    o.basis as owner_basis,  -- opportunity, link, kept, territory or pool.
    d.sales_territory,  -- Sales territory of the person; NULL = unknown.
    d.due_at,  -- Until when the lead should be accepted (UTC), by sla.csv.
    d.accepted_at,  -- When somebody first worked on it (UTC); NULL = nobody yet.
    d.last_inbound_at as last_touch_at,  -- Latest touch of the person (UTC).
    {{ hours_between('d.qualified_at', 'd.accepted_at') }}
        as hours_to_accept,  -- Hours until it was accepted; NULL = not accepted.
    coalesce(d.accepted_at <= d.due_at, false)
        as is_in_time,  -- True = was accepted in time.
    d.status = 'open' and coalesce(d.due_at < fn_as_of_end(), false)
        as is_overdue,  -- True = still open after due_at.
    d.status,  -- open, accepted, won, returned (back to nurture) or lost (lost by sales).
    d.status_at,  -- Since when (UTC).
    d.setback_reason as return_reason,  -- lost or refunded; NULL = not returned.
    {{ hours_between('d.qualified_at', 'fn_as_of_end()') }}
        as hours_since_qualified,  -- Hours from qualified_at to the end of as_of.
    cast(coalesce(l.behaviour_score, 0) as decimal(18, 9))
        as behaviour_score,  -- Part of the score from behaviours.
    cast(coalesce(l.sequence_score, 0) as decimal(18, 9))
        as sequence_score,  -- Part of the score from sequences.
    cast(coalesce(l.call_score, 0) as decimal(18, 9))
        as call_score,  -- Part of the score from calls to action.
    d.silent_days as days_since_touch  -- Days from last_touch_at to as_of; NULL = no touch.
from decided as d
left join {{ ref('person_owner') }} as o on d.person_key = o.person_key and d.role = o.role
left join {{ ref('lead_score') }} as l on d.person_key = l.person_key
