{#- The state of deals, independent of their owner. -#}

{#- CTE `one_currency`: deals whose records all have their amounts in one currency. Their amounts are compared in that
    currency, because conversion rounds each record to the cent. -#}
{%- macro one_currency() -%}
one_currency as (
    select
        channel,
        deal_id
    from {{ ref('deal') }}
    where kind in ('order', 'refund')
    group by channel, deal_id
    having count(source_amount) = count(*) and min(source_currency) = max(source_currency)
)
{%- endmacro -%}

{#- CTEs `deals`, `orders`, `fulfilments`: the state of deals at the end of as_of; orders that count, with the time when
    they were fully refunded; opportunities that orders fulfil, with the number of orders that are kept and the time of
    the latest full refund. -#}
{%- macro held_deals() -%}
{{ one_currency() }},

deals as (
    select
        d.channel,
        d.record_id,
        d.deal_id,
        d.kind,
        d.occurred_at,
        case when d.status in ('won', 'lost') and d.closed_at < fn_as_of_end() then d.closed_at end
            as closed_at,
        case
            when d.kind = 'opportunity' and d.closed_at >= fn_as_of_end() then 'open'
            when d.kind = 'order' then coalesce(d.status, 'paid')
            else d.status
        end as status,
        d.opportunity_id,
        coalesce(case when c.deal_id is not null then d.source_amount end, d.amount, 0) as amount
    from {{ ref('deal') }} as d
    left join one_currency as c on d.channel = c.channel and d.deal_id = c.deal_id
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

-- An order that its status calls refunded keeps nothing, even if it has no refund.
fulfilments as (
    select
        t.opportunity_id,
        count(o.deal_id) - count(o.refunded_at) as kept_count,
        max(o.refunded_at) as refunded_at
    from order_totals as t
    left join orders as o on t.channel = o.channel and t.deal_id = o.deal_id
    where t.opportunity_id is not null
    group by t.opportunity_id
)
{%- endmacro -%}
