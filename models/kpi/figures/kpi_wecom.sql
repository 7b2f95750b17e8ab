/*
description: The three rates of WeCom; how many come, how many are served, and how many buy, by the
  business day on which the cohort began.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [traffic_success_rate, service_success_rate, monetisation_success_rate]
*/
{{ config(published=false) }}
{%- set served_days = kpi_window('service_success_rate') %}
{%- set bought_days = kpi_window('monetisation_success_rate') %}
with

links as (
    select
        l.person_key,
        l.holder_id,
        l.started_at,
        l.channel,
        l.record_id,
        fn_local_date(l.started_at) as from_date,
        fn_local_date(l.ended_at) as to_date
    from {{ ref('person_link') }} as l
    where l.touchpoint = 'wecom' and coalesce(l.ended_at >= l.started_at, true)
),

-- Somebody is added with the first link to a member of staff. A transfer or a return adds nobody.
added as (
    select
        l.person_key,
        p.peer_key,
        l.holder_id as staff_id,
        l.from_date as added_date
    from links as l
    inner join {{ ref('kpi_person') }} as p on l.person_key = p.person_key
    qualify
        row_number() over (
            partition by l.person_key order by l.started_at, l.holder_id, l.channel, l.record_id
        ) = 1
),

sign_touches as (
    select
        s.sign,
        t.person_key,
        t.occurred_date,
        t.campaign_id
    from {{ ref('person_touch') }} as t
    inner join {{ ref('wecom_signs') }} as s
        on
            t.action = s.action
            and t.direction = s.direction
            and coalesce(t.outcome = s.outcome, s.outcome is null)
    where s.by_campaign <> 'true' or t.campaign_id is not null
),

-- 1. Traffic: the days on which people who were not on WeCom yet scanned a code or were added.
invites as (
    select distinct
        t.person_key,
        t.occurred_date as invite_date,
        t.campaign_id
    from sign_touches as t
    where
        t.sign = 'invite'
        and t.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

all_invites as (
    select
        person_key,
        invite_date,
        campaign_id
    from invites
    union all
    select
        a.person_key,
        a.added_date as invite_date,
        cast(null as varchar) as campaign_id
    from added as a
    anti join invites as i on a.person_key = i.person_key and a.added_date = i.invite_date
),

traffic as (
    select
        i.person_key,
        i.invite_date,
        i.campaign_id,
        coalesce(
            date_diff('day', i.invite_date, a.added_date)
            <= {{ kpi_window('traffic_success_rate') }},
            false
        ) as is_linked
    from all_invites as i
    inner join {{ ref('kpi_person') }} as p on i.person_key = p.person_key
    left join added as a on i.person_key = a.person_key
    where
        coalesce(i.invite_date <= a.added_date, true)
        and i.invite_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

-- 2. Service: added people with a sign of service in time, who are still linked when it is over.
services as (
    select
        person_key,
        occurred_date as from_date,
        occurred_date as to_date
    from sign_touches
    where sign = 'service'
    union all
    select
        r.person_key,
        fn_local_date(t.resolved_at) as from_date,
        fn_local_date(t.resolved_at) as to_date
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where r.person_key is not null and t.resolved_at < fn_as_of_end()
    union all
    select
        l.person_key,
        fn_local_date(l.started_at) as from_date,
        coalesce(fn_local_date(l.ended_at), fn_as_of()) as to_date
    from {{ ref('person_link') }} as l
    inner join {{ ref('groups') }} as g on l.holder_id = g.chat_id
    where
        l.touchpoint = 'group'
        and g.group_kind = 'service'
        and coalesce(l.ended_at >= l.started_at, true)
),

served as (
    select distinct a.person_key
    from added as a
    inner join services as s
        on
            a.person_key = s.person_key
            and a.added_date <= s.to_date
            and a.added_date + {{ served_days }} * interval 1 day >= s.from_date
),

-- Before its window is over, a cohort is judged at the end of as_of.
linked as (
    select distinct a.person_key
    from added as a
    inner join links as l
        on
            a.person_key = l.person_key
            and l.from_date <= a.added_date + {{ served_days }} * interval 1 day
            and coalesce(
                l.to_date > least(a.added_date + {{ served_days }} * interval 1 day, fn_as_of()),
                true
            )
),

-- 3. Monetisation: added people with a deal in time that was not fully refunded.
bought as (
    select distinct a.person_key
    from added as a
    inner join {{ ref('deal_hold') }} as d on a.person_key = d.person_key
    where
        d.hold = 'won'
        and d.held_to is null
        and date_diff('day', a.added_date, fn_local_date(d.held_from))
        between 0 and {{ bought_days }}
),

cohorts as (
    select
        a.peer_key as person_key,
        a.staff_id,
        a.added_date,
        count(*) as added_people,
        count_if(s.person_key is not null and l.person_key is not null) as served_people,
        count_if(b.person_key is not null) as buyers
    from added as a
    left join served as s on a.person_key = s.person_key
    left join linked as l on a.person_key = l.person_key
    left join bought as b on a.person_key = b.person_key
    where a.added_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
    group by a.peer_key, a.staff_id, a.added_date
),

{{ by_dimension(
    'traffic_facts', 'traffic', ['person_key', 'invite_date', 'is_linked'],
    own=['total', 'campaign', 'scene'], of_person=['channel']
) }},

{{ by_dimension(
    'cohort_facts', 'cohorts', ['added_date', 'added_people', 'served_people', 'buyers'],
    own=['total', 'staff', 'team'], of_person=['channel', 'campaign', 'scene']
) }},

figures as (
    select
        invite_date as as_of_date,
        dimension,
        member,
        count(distinct person_key) as invited_people,
        count(distinct person_key) filter (where is_linked) as linked_people,
        cast(null as bigint) as added_people,
        cast(null as bigint) as served_people,
        cast(null as bigint) as buyers
    from traffic_facts
    group by invite_date, dimension, member
    union all
    select
        added_date as as_of_date,
        dimension,
        member,
        null as invited_people,
        null as linked_people,
        sum(added_people) as added_people,
        sum(served_people) as served_people,
        sum(buyers) as buyers
    from cohort_facts
    group by added_date, dimension, member
)

{{ kpi_rows('figures', [
    ['traffic_success_rate', 'linked_people', 'invited_people'],
    ['service_success_rate', 'served_people', 'added_people'],
    ['monetisation_success_rate', 'buyers', 'added_people']
]) }}
