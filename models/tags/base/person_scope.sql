/*
description: To which people which tags apply, as tag_scopes.csv says. Coverage of a tag is reckoned
  against the people of its scope.
grain: [one_id]
*/
{{ config(published=false) }}
with

links as (
    select
        l.person_key,
        count_if(l.touchpoint = 'wecom') as wecom_links,
        count_if(l.ended_at is null) as open_links
    from {{ ref('person_link') }} as l
    inner join {{ ref('touchpoints') }} as t on l.touchpoint = t.touchpoint
    group by l.person_key
),

deals as (
    select
        person_key,
        count_if(hold = 'won') as kept_purchases,
        count_if(hold = 'open') as open_opportunities
    from {{ ref('deal_hold') }}
    where held_to is null
    group by person_key
),

tickets as (
    select distinct r.person_key
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where r.person_key is not null
),

owners as (
    select distinct account_key
    from {{ ref('device_owner') }}
),

companies as (
    select
        a.person_key,
        a.account_key,
        a.account_id,
        o.account_key is not null as owns_device
    from {{ ref('person_account') }} as a
    left join owners as o on a.account_key = o.account_key
    where a.is_current
)

select
    p.one_id,  -- The person.
    p.person_key,  -- Number of the person in this release, for joins.
    c.account_id,  -- The current company; NULL = unknown.
    c.account_key,  -- Number of the current company, for joins.
    true as is_people,  -- Every person.
    t.person_key is not null as is_active_people,  -- True = has at least one inbound touch.
    coalesce(l.open_links > 0, false) or p.mobile is not null or p.email is not null
        as is_reachable,  -- True = at least one touchpoint reaches the person.
    coalesce(l.wecom_links > 0, false) as is_wecom_contacts,  -- True = has or had a WeCom link.
    coalesce(d.kept_purchases > 0, false) as is_buyers,  -- True = has a purchase that is kept.
    s.person_key is not null as is_served,  -- True = has a ticket.
    coalesce(d.open_opportunities > 0, false) as is_opportunity,  -- True = has an open opportunity.
    coalesce(c.owns_device, false)
        as is_device_people  -- True = the current company has a device.
from {{ ref('person') }} as p
left join {{ ref('person_activity') }} as t on p.person_key = t.person_key
left join links as l on p.person_key = l.person_key
left join deals as d on p.person_key = d.person_key
left join tickets as s on p.person_key = s.person_key
left join companies as c on p.person_key = c.person_key
