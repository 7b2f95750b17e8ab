/*
description: Service KPIs by business day; how long customers wait for a first reply and for a
  solution, which replies are late, and what they say about it.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [first_reply_minutes, resolution_hours, sla_breaches, csat, nps]
*/
{{ config(published=false) }}
with

-- 1. First replies. WeCom gives the mean of the chats of a member of staff on a day, so a chat
-- counts like a ticket, with this mean.
answers as (
    select
        channel,
        cast(null as varchar) as staff_id,
        opened_date as as_of_date,
        reply_minutes as minutes,
        cast(1 as bigint) as answers
    from {{ ref('ticket_case') }}
    where reply_minutes is not null
    union all
    select
        channel,
        staff_id,
        day as as_of_date,
        first_reply_minutes * chats as minutes,
        chats as answers
    from {{ ref('staff_day') }}
    where first_reply_minutes >= 0 and chats > 0 and day <= fn_as_of()
),

{{ by_dimension(
    'answer_facts', 'answers', ['as_of_date', 'minutes', 'answers'],
    own=['total', 'channel', 'staff', 'team']
) }},

-- 2. Tickets, a row for each thing that happened to one.
ticket_events as (
    select
        channel,
        person_key,
        account_key,
        resolved_date as as_of_date,
        resolution_hours,
        cast(null as bigint) as is_breach,
        cast(null as bigint) as csat,
        cast(null as bigint) as nps
    from {{ ref('ticket_case') }}
    where resolution_hours is not null
    union all
    select
        channel,
        person_key,
        account_key,
        breach_date as as_of_date,
        null as resolution_hours,
        1 as is_breach,
        null as csat,
        null as nps
    from {{ ref('ticket_case') }}
    where breach_date is not null
    union all
    select
        channel,
        person_key,
        account_key,
        marked_date as as_of_date,
        null as resolution_hours,
        null as is_breach,
        csat,
        nps
    from {{ ref('ticket_case') }}
    where csat is not null or nps is not null
),

{{ by_dimension(
    'ticket_facts', 'ticket_events', ['as_of_date', 'resolution_hours', 'is_breach', 'csat', 'nps'],
    own=['total', 'channel'], of_person=['segment'], of_account=['industry']
) }},

figures as (
    select
        as_of_date,
        dimension,
        member,
        sum(minutes) as minutes,
        sum(answers) as answers,
        cast(null as decimal(38, 2)) as hours,
        cast(null as bigint) as resolved,
        cast(null as double) as median_hours,
        cast(null as bigint) as breaches,
        cast(null as bigint) as marks,
        cast(null as bigint) as mark_sum,
        cast(null as bigint) as votes,
        cast(null as bigint) as net_promoters
    from answer_facts
    group by as_of_date, dimension, member
    union all
    select
        as_of_date,
        dimension,
        member,
        null as minutes,
        null as answers,
        sum(resolution_hours) as hours,
        count(resolution_hours) as resolved,
        cast(median(cast(resolution_hours as double)) as decimal(24, 6)) as median_hours,
        nullif(count(is_breach), 0) as breaches,
        count(csat) as marks,
        sum(csat) as mark_sum,
        count(nps) as votes,
        sum(
            case
                when nps >= {{ threshold('promoter_nps') }} then 1
                when nps <= {{ threshold('detractor_nps') }} then -1
                when nps is not null then 0
            end
        ) as net_promoters
    from ticket_facts
    group by as_of_date, dimension, member
)

{{ kpi_rows('figures', [
    ['first_reply_minutes', 'minutes', 'answers'],
    ['resolution_hours', 'hours', 'resolved', 'median_hours'],
    ['sla_breaches', 'breaches'],
    ['csat', 'mark_sum', 'marks'],
    ['nps', 'net_promoters', 'votes']
]) }}
