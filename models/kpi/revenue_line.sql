/*
description: What counts as revenue, a line each: orders, refunds, and won opportunities that no
  order points to.
grain: [channel, record_id]
*/
with

{{ revenue_deals() }}

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
