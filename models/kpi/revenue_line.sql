/*
description: What counts as revenue, a line each: orders, refunds, and won opportunities that no
  order points to.
grain: [channel, record_id]
*/
with

fulfilled as (
    select distinct opportunity_id
    from {{ ref('deal') }}
    where
        kind = 'order'
        and opportunity_id is not null
        and coalesce(status <> 'cancelled', true)
),

cancelled as (
    select
        channel,
        deal_id
    from {{ ref('deal') }}
    where kind = 'order'
    group by channel, deal_id
    having count_if(coalesce(status <> 'cancelled', true)) = 0
),

counted as (
    select
        d.channel,
        d.record_id,
        d.deal_id,
        d.kind,
        case when d.kind = 'opportunity' then d.closed_at else d.occurred_at end as earned_at,
        d.campaign_id,
        d.product_id,
        d.amount
    from {{ ref('deal') }} as d
    left join fulfilled as f on d.kind = 'opportunity' and d.deal_id = f.opportunity_id
    left join cancelled as x on d.channel = x.channel and d.deal_id = x.deal_id
    where
        (d.kind = 'order' and coalesce(d.status <> 'cancelled', true))
        or (d.kind = 'refund' and x.deal_id is null)
        or (d.kind = 'opportunity' and d.status = 'won' and f.opportunity_id is null)
)

select
    c.channel,  -- Channel of the deal.
    c.record_id,  -- [pii] The exported row.
    c.deal_id,  -- Order or opportunity number.
    c.kind,  -- order, refund or opportunity.
    p.person_key,  -- The buyer within this release: a number to join by.
    p.one_id,  -- The buyer; NULL = nobody known, the money counts all the same.
    fn_local_date(c.earned_at) as revenue_date,  -- Business date it counts on.
    c.campaign_id,  -- Campaign it is ascribed to at its source.
    c.product_id,  -- Product.
    coalesce(c.amount, 0) as amount  -- Revenue; refunds negative; 0 where the channel gives none.
from counted as c
left join {{ ref('record_person') }} as p
    on c.channel = p.channel and c.record_id = p.record_id
where c.earned_at < fn_as_of_end()
