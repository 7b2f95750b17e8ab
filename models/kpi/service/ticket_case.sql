/*
description: Service tickets for KPIs, with how long the first reply and the solution took, and
  whether the first reply was late. Tickets of staff, competitors and bots are left out; those of
  nobody known count.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

tickets as (
    select
        t.channel,
        t.record_id,
        r.person_key,
        r.account_key,
        t.opened_at,
        case when t.first_reply_at < fn_as_of_end() then t.first_reply_at end as first_reply_at,
        case when t.resolved_at < fn_as_of_end() then t.resolved_at end as resolved_at,
        t.opened_at + {{ var('service_sla_hours') }} * interval 1 hour as deadline_at,
        t.csat,
        t.nps
    from {{ ref('ticket') }} as t
    left join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    anti join outsiders as o on r.person_key = o.person_key
    where t.opened_at < fn_as_of_end()
),

timed as (
    select
        channel,
        record_id,
        person_key,
        account_key,
        opened_at,
        first_reply_at,
        resolved_at,
        deadline_at,
        csat,
        nps,
        date_diff('second', date_trunc('second', opened_at), date_trunc('second', first_reply_at))
            as reply_seconds,
        date_diff('second', date_trunc('second', opened_at), date_trunc('second', resolved_at))
            as resolution_seconds
    from tickets
)

-- Hundredths of a minute and of an hour are counted in whole seconds, so that they add up.
select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    person_key,  -- Number of the person in this release, for joins; NULL = nobody known.
    account_key,  -- Number of the company in this release, for joins; NULL = unknown.
    fn_local_date(opened_at) as opened_date,  -- Business date on which it was opened.
    case
        when first_reply_at >= opened_at
            then cast(floor((10 * reply_seconds + 3) / 6.0) / 100.0 as decimal(18, 2))
    end as reply_minutes,  -- Minutes to the first reply; NULL = none yet, or before the opening.
    case
        when
            deadline_at < fn_as_of_end()
            and coalesce(first_reply_at > deadline_at, true)
            then fn_local_date(deadline_at)
    end as breach_date,  -- Business date on which the deadline passed without a reply; NULL = none.
    case when resolved_at is not null then fn_local_date(greatest(resolved_at, opened_at)) end
        as resolved_date,  -- Business date on which it was resolved; NULL = open.
    case
        when resolved_at >= opened_at
            then cast(floor((resolution_seconds + 18) / 36.0) / 100.0 as decimal(18, 2))
    end as resolution_hours,  -- Hours to the solution; NULL = open, or resolved before the opening.
    fn_local_date(
        case when resolved_at > opened_at then resolved_at else opened_at end
    ) as marked_date,  -- Business date of the marks: resolved, or else opened.
    csat,  -- Satisfaction, 1 to 5.
    nps  -- Would recommend us, 0 to 10.
from timed
