/*
description: People of partners (合作伙伴), who are not prospects; what they learned and what revenue
  they bring.
grain: [one_id]
*/
with

partners as (
    select
        one_id,
        person_key,
        min(since_at) as since_at,
        min(struct_pack(since_at := since_at, rule := rule)) as first_rule
    from {{ ref('exclusion') }}
    where
        kind = 'partner'
        and not is_overruled
        and {{ excluded_now() }}
    group by one_id, person_key
),

touches as (
    select
        t.person_key,
        count(*) as touch_count,
        count(distinct t.content_id) filter (where t.action = 'enrol') as enrolled_count,
        count(distinct t.content_id) filter (where t.action = 'course_complete') as completed_count,
        max(t.occurred_at) filter (where t.action = 'course_complete') as last_completed_at,
        max(t.occurred_at) as last_touch_at
    from {{ ref('person_touch') }} as t
    semi join partners as p on t.person_key = p.person_key
    where t.direction = 'inbound'
    group by t.person_key
),

{{ revenue_deals() }},

revenue as (
    select
        p.person_key,
        count(distinct c.deal_id) filter (where c.kind <> 'refund') as deal_count,
        sum(coalesce(c.amount, 0)) as revenue_amount
    from counted as c
    inner join {{ ref('record_person') }} as r
        on c.channel = r.channel and c.record_id = r.record_id
    inner join partners as p on r.person_key = p.person_key
    where c.earned_at >= p.since_at and c.earned_at < fn_as_of_end()
    group by p.person_key
)

select
    p.one_id,  -- The person.
    p.person_key,  -- Number of the person in this release, for joins.
    a.account_id,  -- The current company of the person; NULL = unknown.
    p.first_rule.rule,  -- Rule of exclusion_rules.csv for the partner.
    p.since_at,  -- Since when (UTC).
    coalesce(t.touch_count, 0) as touch_count,  -- Number of inbound touches.
    coalesce(t.enrolled_count, 0) as enrolled_count,  -- Courses enrolled in.
    coalesce(t.completed_count, 0) as completed_count,  -- Courses completed.
    t.last_completed_at,  -- When the last course was completed (UTC).
    t.last_touch_at,  -- Latest inbound touch (UTC).
    coalesce(v.deal_count, 0) as deal_count,  -- Number of orders and won opportunities since then.
    cast(coalesce(v.revenue_amount, 0) as decimal(38, 2))
        as revenue_amount  -- Their revenue less refunds, in the currency of the project.
from partners as p
left join {{ ref('person_account') }} as a on p.person_key = a.person_key and a.is_current
left join touches as t on p.person_key = t.person_key
left join revenue as v on p.person_key = v.person_key
