/*
description: Lines of purchases and refunds up to as_of, with buyer, company and margin; what tags
  count as bought.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

{{ revenue_deals() }},

-- An order that fulfils an opportunity was bought on the way that the opportunity names.
opportunity_paths as (
    select
        deal_id,
        min(purchase_path) as purchase_path
    from {{ ref('deal') }}
    where kind = 'opportunity'
    group by deal_id
),

kept_by_people as (
    select distinct
        channel,
        kind,
        deal_id
    from {{ ref('deal_hold') }}
    where hold = 'won' and held_to is null
),

kept_by_companies as (
    select distinct
        channel,
        kind,
        deal_id
    from {{ ref('account_deal_hold') }}
    where hold = 'won' and held_to is null
),

kept as (
    select
        channel,
        kind,
        deal_id
    from kept_by_people
    union
    select
        channel,
        kind,
        deal_id
    from kept_by_companies
)

select
    c.channel,  -- Channel code.
    c.record_id,  -- [pii] The exported row.
    p.person_key,  -- The buyer; NULL = unknown.
    p.account_key,  -- The buying company; NULL = unknown.
    c.deal_id,  -- Order or opportunity number.
    c.kind,  -- order, refund or opportunity.
    c.earned_at,  -- When it was bought or refunded (UTC).
    fn_local_date(c.earned_at) as purchase_date,  -- Business date of earned_at.
    coalesce(o.purchase_path, d.purchase_path)
        as purchase_path,  -- direct, distributor, tender or mall; NULL = unknown.
    r.product_line,  -- Product line; NULL = unknown.
    coalesce(c.amount, 0) as amount,  -- Amount in the currency of the project; refunds negative.
    cast(
        cast(coalesce(c.amount, 0) as decimal(20, 2))
        * coalesce(
            cast(r.margin_rate as decimal(9, 4)),
            cast({{ threshold('default_margin_percent') / 100 }} as decimal(9, 4))
        ) as decimal(26, 6)
    ) as margin_amount,  -- Gross margin of the line.
    c.kind <> 'refund' and k.deal_id is not null
        as is_kept  -- True = a purchase that was not refunded in full.
from counted as c
inner join {{ ref('record_person') }} as p
    on c.channel = p.channel and c.record_id = p.record_id
inner join {{ ref('deal') }} as d
    on c.channel = d.channel and c.record_id = d.record_id
left join opportunity_paths as o on d.opportunity_id = o.deal_id
left join {{ ref('products') }} as r on c.product_id = r.product_id
left join kept as k on c.channel = k.channel and c.kind = k.kind and c.deal_id = k.deal_id
where c.earned_at < fn_as_of_end()
