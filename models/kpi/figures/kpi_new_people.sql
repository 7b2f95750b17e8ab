/*
description: Asset KPIs about people who become reachable; after an invitation, and by referral.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [follow_add_rate, referred_share, referrals_per_referrer]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

stretches as (
    select
        person_key,
        stretch_no,
        fn_local_date(reachable_from) as from_date,
        fn_local_date(reachable_to) as to_date
    from {{ ref('reachable_stretch') }}
    where dimension = 'total'
),

-- 1. Campaigns with a code that leads to us invite everybody who meets them.
inviting_campaigns as (
    select distinct campaign_id
    from {{ ref('live_codes') }}
    where campaign_id is not null
),

-- Whoever could be reached before that day is no candidate.
shown as (
    select distinct
        t.person_key,
        t.occurred_date as shown_date,
        t.channel,
        t.campaign_id
    from {{ ref('person_touch') }} as t
    semi join inviting_campaigns as c on t.campaign_id = c.campaign_id
    anti join outsiders as o on t.person_key = o.person_key
    anti join stretches as s
        on
            t.person_key = s.person_key
            and t.occurred_date > s.from_date
            and coalesce(t.occurred_date <= s.to_date, true)
    where
        t.outcome is distinct from 'failed'
        and t.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

shown_days as (
    select distinct
        person_key,
        shown_date
    from shown
),

judged_days as (
    select
        c.person_key,
        c.shown_date,
        count(s.person_key) > 0 as is_added
    from shown_days as c
    left join stretches as s
        on
            c.person_key = s.person_key
            and c.shown_date <= s.from_date
            and c.shown_date + {{ kpi_window('follow_add_rate') }} * interval 1 day > s.from_date
    group by c.person_key, c.shown_date
),

invited as (
    select
        s.person_key,
        s.shown_date,
        s.channel,
        s.campaign_id,
        j.is_added
    from shown as s
    inner join judged_days as j on s.person_key = j.person_key and s.shown_date = j.shown_date
),

{{ by_dimension(
    'invited_facts', 'invited', ['person_key', 'shown_date', 'is_added'],
    own=['total', 'channel', 'campaign', 'scene']
) }},

follow_days as (
    select
        shown_date as as_of_date,
        dimension,
        member,
        count(distinct person_key) filter (where is_added) as follower_count,
        count(distinct person_key) as invited_count
    from invited_facts
    group by shown_date, dimension, member
),

-- 2. Referrals by customers; everybody was referred once, when it was first said.
{{ referrals() }},

first_referrals as (
    select
        r.person_key,
        r.referrer_key,
        fn_local_date(r.occurred_at) as referral_date
    from referrals as r
    anti join outsiders as o on r.referrer_key = o.person_key
    anti join outsiders as x on r.person_key = x.person_key
    where r.occurred_at is not null
    qualify
        row_number() over (
            partition by r.person_key order by r.occurred_at, r.channel, r.referrer_key
        ) = 1
),

newcomers as (
    select
        s.person_key,
        s.from_date,
        case when r.person_key is not null then 1 else 0 end as is_referred
    from stretches as s
    left join first_referrals as r on s.person_key = r.person_key
    where s.stretch_no = 1 and s.from_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

{{ by_dimension(
    'newcomer_facts', 'newcomers', ['from_date', 'is_referred'],
    own=['total'], of_person=['channel', 'campaign', 'scene']
) }},

newcomer_days as (
    select
        from_date as as_of_date,
        dimension,
        member,
        sum(is_referred) as referred_count,
        count(*) as newcomer_count
    from newcomer_facts
    group by from_date, dimension, member
),

-- 3. A referral counts for activity_days. A referrer counts once, however many of theirs overlap.
referrer_days as (
    select distinct
        referrer_key,
        referral_date
    from first_referrals
),

referrer_stretches as (
    select
        referral_date as from_date,
        least(
            referral_date + {{ var('activity_days') }} * interval 1 day,
            coalesce(
                lead(referral_date) over (partition by referrer_key order by referral_date),
                referral_date + {{ var('activity_days') }} * interval 1 day
            )
        ) as to_date
    from referrer_days
),

referral_steps as (
    select
        referral_date as step_date,
        1 as person_step,
        0 as referrer_step
    from first_referrals
    union all
    select
        cast(referral_date + {{ var('activity_days') }} * interval 1 day as date) as step_date,
        -1 as person_step,
        0 as referrer_step
    from first_referrals
    union all
    select
        from_date as step_date,
        0 as person_step,
        1 as referrer_step
    from referrer_stretches
    union all
    select
        cast(to_date as date) as step_date,
        0 as person_step,
        -1 as referrer_step
    from referrer_stretches
),

stepped_days as (
    select
        step_date,
        sum(person_step) as person_step,
        sum(referrer_step) as referrer_step
    from referral_steps
    group by step_date
),

referral_sums as (
    select
        step_date,
        sum(person_step) over (
            order by step_date rows between unbounded preceding and current row
        ) as referred_count,
        sum(referrer_step) over (
            order by step_date rows between unbounded preceding and current row
        ) as referrer_count,
        lead(step_date) over (order by step_date) as next_date
    from stepped_days
),

referral_days as (
    select
        d.business_date as as_of_date,
        s.referred_count,
        s.referrer_count
    from referral_sums as s
    inner join {{ ref('business_day') }} as d
        on s.step_date <= d.business_date and coalesce(s.next_date > d.business_date, true)
    where s.referrer_count > 0
),

figures as (
    select
        as_of_date,
        dimension,
        member,
        follower_count,
        invited_count,
        cast(null as bigint) as referred_newcomer_count,
        cast(null as bigint) as newcomer_count,
        cast(null as bigint) as referred_count,
        cast(null as bigint) as referrer_count
    from follow_days
    union all
    select
        as_of_date,
        dimension,
        member,
        null as follower_count,
        null as invited_count,
        referred_count as referred_newcomer_count,
        newcomer_count,
        null as referred_count,
        null as referrer_count
    from newcomer_days
    union all
    select
        as_of_date,
        'total' as dimension,
        null as member,
        null as follower_count,
        null as invited_count,
        null as referred_newcomer_count,
        null as newcomer_count,
        referred_count,
        referrer_count
    from referral_days
)

{{ kpi_rows('figures', [
    ['follow_add_rate', 'follower_count', 'invited_count'],
    ['referred_share', 'referred_newcomer_count', 'newcomer_count'],
    ['referrals_per_referrer', 'referred_count', 'referrer_count']
]) }}
