/*
description: What counts as revenue, one line each; orders, refunds, and won opportunities without
  an order.
grain: [channel, record_id]
*/
with

{{ revenue_deals() }}

select
    c.channel,  -- Channel of the deal.
    c.record_id,  -- [pii] The exported row.
    c.deal_id,  -- Order or opportunity number.
    c.kind,  -- order, refund or opportunity.
    p.person_key,  -- Number of the buyer in this release, for joins.
    p.one_id,  -- The buyer; NULL = unknown, the revenue still counts.
    fn_local_date(c.earned_at) as revenue_date,  -- Business date on which it counts.
    c.campaign_id,  -- Campaign that its source names.
    c.product_id,  -- Product.
    coalesce(c.amount, 0) as amount  -- Revenue; negative for refunds, 0 if no amount is given.
from counted as c
left join {{ ref('record_person') }} as p
    on c.channel = p.channel and c.record_id = p.record_id
where c.earned_at < fn_as_of_end()
