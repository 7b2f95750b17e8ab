/*
description: How long each deal holds a company that is the buyer itself, because the deal names the
  company and no known person; an opportunity while it is open, a won or paid deal until it is fully
  refunded.
grain: [account_key, channel, kind, deal_id, hold]
*/
{{ config(restricted=false) }}
with

{{ held_deals() }},

buyers as (
    select
        d.channel,
        d.record_id,
        p.account_key
    from deals as d
    inner join {{ ref('record_person') }} as p
        on d.channel = p.channel and d.record_id = p.record_id
    where p.person_key is null and p.account_key is not null
),

owners as (
    select
        b.account_key,
        d.channel,
        d.kind,
        d.deal_id,
        min(d.record_id) as record_id
    from deals as d
    inner join buyers as b on d.channel = b.channel and d.record_id = b.record_id
    where d.kind in ('order', 'opportunity')
    group by b.account_key, d.channel, d.kind, d.deal_id
),

opportunities as (
    select
        w.account_key,
        d.channel,
        d.kind,
        d.deal_id,
        d.occurred_at,
        d.closed_at,
        d.status,
        d.record_id
    from owners as w
    inner join deals as d
        on w.channel = d.channel and w.record_id = d.record_id and w.kind = d.kind
    where w.kind = 'opportunity'
),

holds as (
    select
        account_key,
        channel,
        kind,
        deal_id,
        'open' as hold,
        occurred_at as held_from,
        closed_at as held_to,
        record_id,
        status = 'lost' as is_lost
    from opportunities
    where status = 'open' or closed_at is not null
    union all
    select
        o.account_key,
        o.channel,
        o.kind,
        o.deal_id,
        'won' as hold,
        o.closed_at as held_from,
        case when f.kept_count = 0 then greatest(o.closed_at, f.refunded_at) end as held_to,
        o.record_id,
        false as is_lost
    from opportunities as o
    left join fulfilments as f on o.deal_id = f.opportunity_id
    where
        o.status = 'won'
        and o.closed_at is not null
        and coalesce(f.kept_count > 0 or f.refunded_at is not null, true)
    union all
    select
        w.account_key,
        o.channel,
        w.kind,
        o.deal_id,
        'won' as hold,
        o.paid_at as held_from,
        o.refunded_at as held_to,
        w.record_id,
        false as is_lost
    from orders as o
    inner join owners as w
        on o.channel = w.channel and o.deal_id = w.deal_id and w.kind = 'order'
)

select
    h.account_key,  -- Number of the company in this release; joins identity.account.
    a.account_id,  -- The company.
    h.channel,  -- Channel of the deal.
    h.kind,  -- opportunity or order.
    h.deal_id,  -- Order or opportunity number.
    h.hold,  -- open: an open opportunity; won: a purchase.
    h.held_from,  -- Beginning (UTC).
    h.held_to,  -- End (UTC); NULL = it still holds.
    h.record_id,  -- [pii] The exported row.
    h.is_lost  -- True = an opportunity that was lost.
from holds as h
inner join {{ ref('account_id') }} as a on h.account_key = a.account_key and a.is_anchor
