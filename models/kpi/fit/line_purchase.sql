/*
description: Purchases of each product line within fit_days that were not paid back in full, with
  the buyer. Without staff, competitors and bots, and without unknown buyers.
grain: [channel, deal_id, product_line, buyer_key]
*/
{{ config(published=false) }}
with

lines as (
    select
        channel,
        deal_id,
        product_id,
        person_key,
        account_key,
        buyer_key,
        revenue_date,
        kind <> 'refund' as is_purchase,
        amount
    from {{ ref('revenue_line') }}
),

deals as (
    select
        channel,
        deal_id,
        sum(amount) as net_amount,
        count_if(not is_purchase) as refund_count
    from lines
    group by channel, deal_id
)

select
    l.channel,  -- Channel of the deal.
    l.deal_id,  -- Order or opportunity number.
    p.product_line,  -- Product line.
    l.buyer_key,  -- Number of the buyer, person or company, as in revenue_line.
    max(l.person_key) as person_key,  -- The person; NULL = only the company is known.
    max(l.account_key) as account_key,  -- The company; NULL = unknown.
    min(l.revenue_date) as purchase_date,  -- Business date of the purchase.
    cast(sum(l.amount) as decimal(18, 2)) as amount  -- Amount of the line in it, before refunds.
from lines as l
inner join deals as d on l.channel = d.channel and l.deal_id = d.deal_id
inner join {{ ref('dim_product') }} as p on l.product_id = p.product_id
anti join {{ outsiders() }} as x on l.person_key = x.person_key
where
    l.is_purchase
    and l.buyer_key is not null
    and p.product_line is not null
    and l.revenue_date > fn_as_of() - {{ var('fit_days') }} * interval 1 day
    and (d.net_amount > 0 or d.refund_count = 0)
group by l.channel, l.deal_id, p.product_line, l.buyer_key
