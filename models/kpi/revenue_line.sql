/*
description: What counts as revenue, one line each; orders, refunds, and won opportunities without
  an order. The buyer is the person, or else the company that the deal names.
grain: [channel, record_id]
*/
{{ config(restricted=false) }}
with

{{ revenue_deals() }}

select
    c.channel,  -- Channel of the deal.
    c.record_id,  -- [pii] The exported row.
    c.deal_id,  -- Order or opportunity number.
    c.kind,  -- order, refund or opportunity.
    p.person_key,  -- Number of the buyer in this release, for joins.
    p.one_id,  -- The buyer; NULL = no known person. The revenue still counts.
    p.account_key,  -- Number of the company in this release, for joins.
    p.account_id,  -- The company; it is the buyer if no person is known. NULL = unknown.
    coalesce(p.person_key, -p.account_key - 1)
        as buyer_key,  -- Number of the buyer, person or company (negative), for counting buyers.
    c.earned_at as revenue_at,  -- Moment at which it counts (UTC).
    fn_local_date(c.earned_at) as revenue_date,  -- Business date on which it counts.
    c.campaign_id,  -- Campaign that its source names.
    c.staff_id,  -- Member of staff that its source names.
    c.product_id,  -- Product.
    c.item_count,  -- Items of an order line; NULL = not given.
    coalesce(c.amount, 0) as amount,  -- Revenue; negative for refunds, 0 where is_unpriced.
    cast(
        cast(coalesce(c.amount, 0) as decimal(18, 2))
        * coalesce(
            cast(r.margin_rate as decimal(9, 4)),
            cast({{ threshold('default_margin_percent') / 100 }} as decimal(9, 4))
        ) as decimal(18, 2)
    ) as margin_amount,  -- Gross margin at the rate of the product, or the usual one; in cents.
    c.amount is null as is_unpriced,  -- True = there is no amount or no exchange rate.
    c.source_amount,  -- Amount in the currency of the source; NULL = not given.
    c.source_currency  -- Currency of source_amount (ISO 4217).
from counted as c
left join {{ ref('record_person') }} as p
    on c.channel = p.channel and c.record_id = p.record_id
left join {{ ref('dim_product') }} as r on c.product_id = r.product_id
where c.earned_at < fn_as_of_end()
