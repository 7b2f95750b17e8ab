/*
description: Deals whose amounts do not fit together (订单对账), with the amount concerned. What each
  finding counts as is in deal_findings.csv.
grain: [channel, deal_id, finding, currency]
*/
with

{{ one_currency() }},

-- Amounts are compared in the currency of the source where all records of a deal have one.
deals as (
    select
        d.channel,
        d.deal_id,
        d.kind,
        d.status,
        d.landed_seq,
        fn_local_date(d.occurred_at) as deal_date,
        case
            when c.deal_id is not null then d.source_currency
            else '{{ var('currency') }}'
        end as currency,
        case when c.deal_id is not null then d.source_amount else d.amount end as amount,
        case when c.deal_id is not null then d.listed_amount end as listed_amount
    from {{ ref('deal') }} as d
    left join one_currency as c on d.channel = c.channel and d.deal_id = c.deal_id
    where d.kind in ('order', 'refund')
),

sums as (
    select
        channel,
        deal_id,
        currency,
        max(deal_date) as deal_date,
        max(deal_date) filter (where kind = 'order') as order_date,
        max(deal_date) filter (where kind = 'refund') as refund_date,
        count_if(kind = 'order') as order_lines,
        count_if(kind = 'order' and coalesce(status <> 'cancelled', true)) as valid_lines,
        count_if(kind = 'order' and status = 'refunded') as refunded_lines,
        count_if(kind = 'refund') as refund_lines,
        count(*) as line_count,
        max(landed_seq) as landed_seq,
        coalesce(
            sum(amount) filter (where kind = 'order' and coalesce(status <> 'cancelled', true)), 0
        ) as order_amount,
        coalesce(
            sum(amount) filter (where kind = 'order' and status = 'refunded'), 0
        ) as refunded_amount,
        coalesce(sum(amount) filter (where kind = 'refund'), 0) as refund_amount,
        sum(amount) filter (where listed_amount is not null) as spread_amount,
        sum(listed_amount) as listed_amount
    from deals
    group by channel, deal_id, currency
),

findings as (
    select
        channel,
        deal_id,
        'lines_differ' as finding,
        currency,
        order_date as deal_date,
        order_lines as line_count,
        spread_amount - listed_amount as difference_amount,
        landed_seq
    from sums
    where
        valid_lines > 0
        and abs(spread_amount - listed_amount) * 100
        > {{ var('order_difference_percent') }} * greatest(abs(spread_amount), abs(listed_amount))
    union all
    select
        channel,
        deal_id,
        'refund_above_order' as finding,
        currency,
        refund_date as deal_date,
        line_count,
        order_amount + refund_amount as difference_amount,
        landed_seq
    from sums
    where valid_lines > 0 and refund_lines > 0 and order_amount + refund_amount < 0
    union all
    select
        channel,
        deal_id,
        case when order_lines = 0 then 'refund_without_order' else 'refund_of_cancelled' end
            as finding,
        currency,
        refund_date as deal_date,
        refund_lines as line_count,
        refund_amount as difference_amount,
        landed_seq
    from sums
    where refund_lines > 0 and valid_lines = 0
    union all
    select
        channel,
        deal_id,
        'refund_incomplete' as finding,
        currency,
        refund_date as deal_date,
        line_count,
        order_amount + refund_amount as difference_amount,
        landed_seq
    from sums
    where
        refund_lines > 0
        and refunded_lines > 0
        and refunded_lines = valid_lines
        and order_amount + refund_amount > 0
    union all
    select
        channel,
        deal_id,
        'refunded_without_refund' as finding,
        currency,
        order_date as deal_date,
        refunded_lines as line_count,
        -refunded_amount as difference_amount,
        landed_seq
    from sums
    where refund_lines = 0 and refunded_lines > 0
),

unpriced as (
    select
        channel,
        deal_id,
        'no_exchange_rate' as finding,
        source_currency as currency,
        max(fn_local_date(occurred_at)) as deal_date,
        count(*) as line_count,
        sum(source_amount) as difference_amount,
        max(landed_seq) as landed_seq
    from {{ ref('deal') }}
    where amount is null and source_amount is not null
    group by channel, deal_id, source_currency
)

select
    f.channel,  -- Channel of the deal.
    f.deal_id,  -- Order or opportunity number.
    f.finding,  -- Finding, as in deal_findings.csv.
    f.currency,  -- Currency of difference_amount.
    n.name_zh as finding_zh,  -- Chinese name of the finding.
    n.name_en as finding_en,  -- English name of the finding.
    f.deal_date,  -- Business date of the latest record concerned.
    cast(f.line_count as bigint) as line_count,  -- Number of records concerned.
    cast(f.difference_amount as decimal(38, 2)) as difference_amount,  -- Amount concerned.
    n.counts_as,  -- How it counts in net_revenue.
    f.landed_seq  -- Number of the landing that brought the newest record of the deal.
from (
    select
        channel, deal_id, finding, currency, deal_date, line_count, difference_amount, landed_seq
    from findings
    union all
    select
        channel, deal_id, finding, currency, deal_date, line_count, difference_amount, landed_seq
    from unpriced
) as f
left join {{ ref('deal_findings') }} as n on f.finding = n.finding
