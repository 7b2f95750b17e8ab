/*
description: Deals whose revenue is attributed to touches. A deal is an order with its refunds, a
  won opportunity, or a refund whose order is missing.
grain: [channel, deal_id]
*/
{{ config(published=false) }}
{%- set place %}
struct_pack(is_refund := is_refund, revenue_at := revenue_at, record_id := record_id)
{%- endset %}
with

lines as (
    select
        channel,
        record_id,
        deal_id,
        person_key,
        account_key,
        revenue_at,
        amount,
        case when kind = 'refund' then 1 else 0 end as is_refund
    from {{ ref('revenue_line') }}
),

deals as (
    select
        channel,
        deal_id,
        coalesce(min(revenue_at) filter (where is_refund = 0), min(revenue_at)) as deal_at,
        arg_min(person_key, {{ place }}) filter (where person_key is not null) as person_key,
        arg_min(account_key, {{ place }}) filter (where account_key is not null) as account_key,
        cast(sum(amount) as decimal(18, 2)) as amount
    from lines
    group by channel, deal_id
)

select
    row_number() over (order by channel, deal_id) as deal_no,  -- Number in this release, for joins.
    channel,  -- Channel of the deal.
    deal_id,  -- Order or opportunity number.
    deal_at,  -- When it was first ordered or won (UTC); of a refund without an order, the refund.
    fn_local_date(deal_at) as deal_date,  -- Business date of deal_at.
    person_key,  -- Number of the buyer in this release: the first known one; NULL = unknown.
    account_key,  -- Number of the company in this release: the first known one; NULL = unknown.
    amount  -- Net revenue, refunds included.
from deals
