/*
description: What shows the trust of each person at the end of as_of; an open link, purchases, and
  what makes a buyer loyal. People without any such sign are not listed.
grain: [person_key]
*/
{{ config(published=false) }}
with

open_links as (
    select
        r.person_key,
        l.holder_id,
        l.started_at,
        t.is_owned = 'true' as is_owned
    from {{ ref('link') }} as l
    inner join {{ ref('record_person') }} as r
        on l.channel = r.channel and l.record_id = r.record_id
    left join {{ ref('touchpoints') }} as t on l.touchpoint = t.touchpoint
    where
        r.person_key is not null
        and (l.ended_at is null or l.ended_at >= fn_as_of_end())
),

settled as (
    select distinct person_key
    from open_links
    where is_owned
),

purchases as (
    select
        person_key,
        min(held_from) as first_at,
        count(distinct fn_local_date(held_from)) as day_count
    from {{ ref('deal_hold') }}
    where hold = 'won' and held_to is null
    group by person_key
),

service_holders as (
    select chat_id as holder_id
    from {{ ref('groups') }}
    where group_kind = 'service'
    union
    select staff_id as holder_id
    from {{ ref('staff') }}
    where role = 'service'
),

served as (
    select distinct p.person_key
    from purchases as p
    inner join open_links as l on p.person_key = l.person_key and p.first_at <= l.started_at
    inner join service_holders as h on l.holder_id = h.holder_id
),

{{ referrals() }},

referrers as (
    select distinct referrer_key as person_key
    from referrals
),

people as (
    select person_key
    from settled
    union
    select person_key
    from purchases
)

select
    p.person_key,  -- Number of the person in this release; joins identity.person.
    s.person_key is not null as is_settled,  -- True = an open link in a touchpoint that we own.
    b.person_key is not null as is_buyer,  -- True = holds a purchase.
    b.person_key is not null
    and (b.day_count > 1 or r.person_key is not null or v.person_key is not null)
        as is_loyal  -- True = a buyer who bought again, referred somebody, or uses our service.
from people as p
left join settled as s on p.person_key = s.person_key
left join purchases as b on p.person_key = b.person_key
left join referrers as r on p.person_key = r.person_key
left join served as v on p.person_key = v.person_key
