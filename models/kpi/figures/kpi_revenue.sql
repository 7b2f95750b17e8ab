/*
description: Revenue KPIs by business day; what came in, from whom, in how many orders and items,
  and what is unknown about it.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [gmv, refunds, net_revenue, margin, buyers, new_buyers, buyer_accounts, orders,
  revenue_per_buyer, order_value, items_per_buyer, items_per_order, orders_per_buyer,
  private_revenue_share, unknown_revenue, unknown_revenue_share, unpriced_lines]
*/
with

-- A person is new on the day of the first purchase of all.
first_days as (
    select
        person_key,
        min(revenue_date) as first_date
    from {{ ref('revenue_line') }}
    where kind <> 'refund'
    group by person_key
),

lines as (
    select
        r.revenue_date,
        r.channel,
        r.campaign_id,
        r.staff_id,
        r.product_id,
        r.person_key,
        r.account_key,
        r.buyer_key,
        r.channel || ' ' || r.deal_id as order_key,
        r.kind <> 'refund' as is_order,
        r.amount,
        r.margin_amount,
        case when r.kind <> 'refund' then r.item_count end as item_count,
        r.is_unpriced,
        coalesce(c.domain, h.domain) = 'private' as is_private,
        r.revenue_date = f.first_date as is_new
    from {{ ref('revenue_line') }} as r
    left join first_days as f on r.person_key = f.person_key
    left join {{ ref('dim_campaign') }} as c on r.campaign_id = c.campaign_id
    left join {{ ref('dim_channel') }} as h on r.channel = h.channel
    where r.revenue_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

recent as (
    select
        revenue_date,
        channel,
        campaign_id,
        staff_id,
        product_id,
        person_key,
        account_key,
        buyer_key,
        order_key,
        is_order,
        amount,
        margin_amount,
        item_count,
        is_unpriced,
        is_private,
        is_new
    from lines
    where revenue_date > fn_as_of() - {{ kpi_days('campaign') }} * interval 1 day
),

{%- set columns = [
    'revenue_date', 'person_key', 'account_key', 'buyer_key', 'order_key', 'is_order', 'amount',
    'margin_amount', 'item_count', 'is_unpriced', 'is_private', 'is_new'
] %}

{{ by_dimension('long_facts', 'lines', columns, own=['total', 'channel']) }},

{{ by_dimension(
    'short_facts', 'recent', columns,
    own=['campaign', 'scene', 'staff', 'team', 'product_line'],
    of_person=['segment'], of_account=['industry']
) }},

facts as (
    {%- for source in ['long_facts', 'short_facts'] %}
    select
        dimension,
        member,
        {{ columns | join(',\n        ') }}
    from {{ source }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

daily as (
    select
        revenue_date as as_of_date,
        dimension,
        member,
        sum(amount) as revenue,
        coalesce(sum(amount) filter (where is_order), 0) as gmv,
        -coalesce(sum(amount) filter (where not is_order), 0) as refunds,
        sum(margin_amount) as margin,
        coalesce(sum(amount) filter (where buyer_key is null), 0) as unknown_revenue,
        coalesce(sum(amount) filter (where is_private), 0) as private_revenue,
        count(distinct person_key) filter (where is_order) as buyers,
        count(distinct person_key) filter (where is_order and is_new) as new_buyers,
        count(distinct account_key) filter (where is_order) as buyer_accounts,
        count(distinct buyer_key) filter (where is_order) as known_buyers,
        count(distinct order_key) filter (where is_order) as orders,
        count(distinct order_key) filter (where is_order and buyer_key is not null)
            as known_orders,
        sum(item_count) as items,
        count(distinct order_key) filter (where item_count is not null) as item_orders,
        sum(item_count) filter (where buyer_key is not null) as known_items,
        count(distinct buyer_key) filter (where item_count is not null) as item_buyers,
        count(*) filter (where is_unpriced) as unpriced_lines
    from facts
    group by revenue_date, dimension, member
)

{{ kpi_rows('daily', [
    ['gmv', 'gmv'],
    ['refunds', 'refunds'],
    ['net_revenue', 'revenue'],
    ['margin', 'margin'],
    ['buyers', 'buyers'],
    ['new_buyers', 'new_buyers'],
    ['buyer_accounts', 'buyer_accounts'],
    ['orders', 'orders'],
    ['revenue_per_buyer', 'revenue - unknown_revenue', 'known_buyers'],
    ['order_value', 'gmv', 'orders'],
    ['items_per_buyer', 'known_items', 'item_buyers'],
    ['items_per_order', 'items', 'item_orders'],
    ['orders_per_buyer', 'known_orders', 'known_buyers'],
    ['private_revenue_share', 'private_revenue', 'revenue'],
    ['unknown_revenue', 'unknown_revenue'],
    ['unknown_revenue_share', 'unknown_revenue', 'revenue'],
    ['unpriced_lines', 'unpriced_lines']
]) }}
