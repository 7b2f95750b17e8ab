/*
description: How long each deal holds a person: an opportunity while it is open, a won or paid deal
  until it is fully refunded.
grain: [person_key, channel, kind, deal_id, hold]
*/
with

deals as (
    select
        channel,
        record_id,
        deal_id,
        kind,
        occurred_at,
        case when status in ('won', 'lost') and closed_at < fn_as_of_end() then closed_at end
            as closed_at,
        case
            when kind = 'opportunity' and closed_at >= fn_as_of_end() then 'open'
            when kind = 'order' then coalesce(status, 'paid')
            else status
        end as status,
        opportunity_id,
        coalesce(amount, 0) as amount
    from {{ ref('deal') }}
),

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

order_totals as (
    select
        channel,
        deal_id,
        min(occurred_at) as paid_at,
        max(opportunity_id) as opportunity_id,
        sum(amount) as amount,
        count_if(status <> 'refunded') as kept_lines
    from deals
    where kind = 'order' and status in ('paid', 'shipped', 'done', 'refunded')
    group by channel, deal_id
),

refund_sums as (
    select
        channel,
        deal_id,
        occurred_at,
        sum(amount) over (
            partition by channel, deal_id order by occurred_at
            range between unbounded preceding and current row
        ) as refunded
    from deals
    where kind = 'refund'
),

refunded_orders as (
    select
        o.channel,
        o.deal_id,
        greatest(
            o.paid_at,
            coalesce(
                min(r.occurred_at) filter (where r.refunded + o.amount <= 0), max(r.occurred_at)
            )
        ) as refunded_at
    from order_totals as o
    inner join refund_sums as r on o.channel = r.channel and o.deal_id = r.deal_id
    where r.refunded + o.amount <= 0 or o.kept_lines = 0
    group by o.channel, o.deal_id, o.paid_at
),

orders as (
    select
        o.channel,
        o.deal_id,
        o.paid_at,
        o.opportunity_id,
        r.refunded_at
    from order_totals as o
    left join refunded_orders as r on o.channel = r.channel and o.deal_id = r.deal_id
    where o.kept_lines > 0 or r.refunded_at is not null
),

fulfilments as (
    select
        opportunity_id,
        case when count(refunded_at) = count(*) then max(refunded_at) end as refunded_at
    from orders
    where opportunity_id is not null
    group by opportunity_id
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
    case when f.refunded_at is not null then greatest(d.closed_at, f.refunded_at) end as held_to,
    d.record_id,
    false as is_lost
from deals as d
inner join buyers as b on d.channel = b.channel and d.record_id = b.record_id
left join fulfilments as f on d.deal_id = f.opportunity_id
where d.kind = 'opportunity' and d.status = 'won' and d.closed_at is not null
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
