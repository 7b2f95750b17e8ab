{#- Amounts in other currencies, at the rate of the day. exchange_rates.csv has at most one rate per business day, so a
    rate holds until the next one, but no longer than exchange_rate_days. Usage:

    rates as (
        {{ exchange_rate_ranges() }}
    )
    …
    left join rates as r
        on {{ currency_code('x.currency') }} = r.currency and x.day >= r.rate_from and x.day < r.rate_until
-#}
{%- macro exchange_rate_ranges() -%}
select
    {{ currency_code('currency') }} as currency,
    cast(rate as decimal(16, 8)) as rate,
    cast(rate_date as date) as rate_from,
    least(
        lead(cast(rate_date as date)) over (
            partition by {{ currency_code('currency') }} order by cast(rate_date as date), cast(rate as decimal(16, 8))
        ),
        cast(cast(rate_date as date) + interval {{ var('exchange_rate_days') + 1 }} day as date)
    ) as rate_until
from {{ ref('exchange_rates') }}
{%- endmacro -%}

{#- The currency code of ISO 4217; renminbi have several names. -#}
{%- macro currency_code(column) -%}
case
    when upper(trim({{ column }})) in ('RMB', '人民币', '¥', '￥') then 'CNY'
    else nullif(upper(trim({{ column }})), '')
end
{%- endmacro -%}

{#- An amount in the currency of the vars; a row without a currency is in that one. Without a rate the amount is NULL
    and counted. 20 digits, since a product of two decimals of 18 digits has no more than 18 in DuckDB, and fails above. -#}
{%- macro in_currency(amount, currency, rate) -%}
{%- call checked(amount, 'no exchange rate of that day') -%}
case
    when coalesce({{ currency_code(currency) }}, '{{ var('currency') }}') = '{{ var('currency') }}' then {{ amount }}
    else try_cast(round(cast({{ amount }} as decimal(20, 2)) * {{ rate }}, 2) as decimal(18, 2))
end
{%- endcall -%}
{%- endmacro -%}

{#- CTEs up to `counted`: what counts as revenue, one line each; orders, refunds, and won opportunities without an order. -#}
{%- macro revenue_deals() -%}
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
{%- endmacro -%}
