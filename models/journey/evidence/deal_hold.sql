/*
description: How long each deal holds a person: an opportunity while it is open, a won or paid deal
  until it is fully refunded.
grain: [person_key, channel, kind, deal_id, hold]
*/
{{ config(restricted=false) }}
with

{{ held_deals() }},

buyers as (
    select
        d.channel,
        d.record_id,
        p.person_key
    from deals as d
    inner join {{ ref('record_person') }} as p
        on d.channel = p.channel and d.record_id = p.record_id
    where p.person_key is not null
),

order_buyers as (
    select
        b.person_key,
        d.channel,
        d.deal_id,
        min(d.record_id) as record_id
    from deals as d
    inner join buyers as b on d.channel = b.channel and d.record_id = b.record_id
    where d.kind = 'order'
    group by b.person_key, d.channel, d.deal_id
)

select
    b.person_key,  -- Number of the person in this release; joins identity.person.
    d.channel,  -- Channel of the deal.
    d.kind,  -- opportunity or order.
    d.deal_id,  -- Order or opportunity number.
    'open' as hold,  -- open: an open opportunity; won: a purchase.
    d.occurred_at as held_from,  -- Beginning (UTC).
    d.closed_at as held_to,  -- End (UTC); NULL = it still holds.
    d.record_id,  -- [pii] The exported row.
    d.status = 'lost' as is_lost  -- True = an opportunity that was lost.
from deals as d
inner join buyers as b on d.channel = b.channel and d.record_id = b.record_id
where d.kind = 'opportunity' and (d.status = 'open' or d.closed_at is not null)
union all
select
    b.person_key,
    d.channel,
    d.kind,
    d.deal_id,
    'won' as hold,
    d.closed_at as held_from,
    case when f.kept_count = 0 then greatest(d.closed_at, f.refunded_at) end as held_to,
    d.record_id,
    false as is_lost
from deals as d
inner join buyers as b on d.channel = b.channel and d.record_id = b.record_id
left join fulfilments as f on d.deal_id = f.opportunity_id
where
    d.kind = 'opportunity'
    and d.status = 'won'
    and d.closed_at is not null
    and coalesce(f.kept_count > 0 or f.refunded_at is not null, true)
union all
select
    b.person_key,
    o.channel,
    'order' as kind,
    o.deal_id,
    'won' as hold,
    o.paid_at as held_from,
    o.refunded_at as held_to,
    b.record_id,
    false as is_lost
from orders as o
inner join order_buyers as b on o.channel = b.channel and o.deal_id = b.deal_id
