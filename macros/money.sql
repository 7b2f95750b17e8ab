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

{#- The currency code of ISO 4217. currencies.csv lists what people write instead of the code; case, blanks, dots and
    full width make no difference. What it does not list stays as it is: HKD is HKD. NULL for an empty text. -#}
{%- macro currency_code(column) -%}
{%- set home = var('currency') -%}
{%- set codes = {} -%}
{%- for row in reference('currencies') -%}
{%- set form = row.written_form | upper | replace(' ', '') | replace('.', '') | replace('￥', '¥') | replace('＄', '$') -%}
{%- set is_home = home in (row.home_currencies | default('')).upper().split() -%}
{%- set _ = codes.update({form: home if is_home else row.currency | upper | trim}) if form -%}
{%- endfor -%}
{%- set written = (
    "upper(translate(" ~ column ~ ", 'ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ＄￥"
    ~ "\u00a0\u3000\t .', 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$¥'))"
) -%}
case
    when {{ column }} is null then null
    when {{ column }} = '{{ home }}' then '{{ home }}'
    else coalesce(
        {%- if codes %}
        map(
            [{% for form in codes %}{{ literal(form) }}{{ ', ' if not loop.last }}{% endfor %}],
            [{% for form in codes %}{{ literal(codes[form]) }}{{ ', ' if not loop.last }}{% endfor %}]
        )[{{ written }}],
        {%- endif %}
        nullif({{ written }}, '')
    )
end
{%- endmacro -%}

{#- An amount in var('currency'). A row without a currency is in var('currency'). NULL without a rate. With is_code, the
    currency is already a code. The cast to 20 digits avoids an overflow: DuckDB gives the product of two decimals of 18
    digits only 18 digits. -#}
{%- macro converted(amount, currency, rate, is_code=false) -%}
case
    when coalesce({{ currency if is_code else currency_code(currency) }}, '{{ var('currency') }}') = '{{ var('currency') }}'
        then {{ amount }}
    else try_cast(round(cast({{ amount }} as decimal(20, 2)) * {{ rate }}, 2) as decimal(18, 2))
end
{%- endmacro -%}

{#- The same; an amount without a rate is counted in ops.field_reject. -#}
{%- macro in_currency(amount, currency, rate, is_code=false) -%}
{%- call checked(amount, 'no exchange rate of that day') -%}
{{ converted(amount, currency, rate, is_code) }}
{%- endcall -%}
{%- endmacro -%}

{#- An amount as whole cents. -#}
{%- macro in_cents(amount) -%}
cast(round(cast({{ amount }} as decimal(20, 2)) * 100) as bigint)
{%- endmacro -%}

{#- CTEs up to `{{ name }}`: the amount of an order, spread over its lines. The order's amount counts. The
    difference between it and the sum of the lines goes to the lines with a positive amount, in proportion to it. If no
    line is positive, it goes to all lines equally. The cents that are left over go to the lines with the largest
    fraction, then by `line`. So the lines of an order add up to its amount exactly.

    `lines` is a relation with the columns `order` and `line`, which identify a line, its `amount`, and `total`, the
    amount of its order on every line. The CTE has `order`, `line` and `spread_amount`, only for orders whose lines add
    up to something else:

    {{ spread_over_lines('lines', order='order_id', line='line_no', amount='amount', total='order_amount') }},
    …
    select coalesce(s.spread_amount, l.amount) as amount
    from lines as l left join spread as s on l.order_id = s.order_id and l.line_no = s.line_no
-#}
{%- macro spread_over_lines(lines, order, line, amount, total, name='spread') -%}
{{ name }}_totals as (
    select
        {{ order }},
        max({{ in_cents(total) }}) as total_cents,
        sum({{ in_cents(amount) }}) as line_cents,
        sum(greatest({{ in_cents(amount) }}, 0)) as positive_cents,
        count(*) as line_count
    from {{ lines }}
    group by {{ order }}
    having max({{ total }}) <> sum({{ amount }}) and count({{ amount }}) = count(*)
),

{{ name }}_weights as (
    select
        l.{{ order }},
        l.{{ line }},
        {{ in_cents('l.' ~ amount) }} as cents,
        abs(t.total_cents - t.line_cents) as missing,
        case when t.total_cents < t.line_cents then -1 else 1 end as direction,
        case when t.positive_cents = 0 then 1 else greatest({{ in_cents('l.' ~ amount) }}, 0) end
            as weight,
        case when t.positive_cents = 0 then t.line_count else t.positive_cents end as weights
    from {{ lines }} as l
    inner join {{ name }}_totals as t on l.{{ order }} = t.{{ order }}
),

{{ name }}_shares as (
    select
        {{ order }},
        {{ line }},
        cents,
        direction,
        fn_share(missing, weight, weights) as share,
        missing - sum(fn_share(missing, weight, weights)) over (partition by {{ order }}) as left_over,
        row_number() over (
            partition by {{ order }} order by fn_share_rest(missing, weight, weights) desc, {{ line }}
        ) as share_no
    from {{ name }}_weights
),

{{ name }} as (
    select
        {{ order }},
        {{ line }},
        try_cast(
            cast(
                cents + direction * (share + case when share_no <= left_over then 1 else 0 end) as decimal(36, 0)
            ) * 0.01 as decimal(18, 2)
        ) as spread_amount
    from {{ name }}_shares
)
{%- endmacro -%}

{#- CTEs up to `counted`: what counts as revenue, one line each; orders, refunds, and won opportunities without an order.
    An order with status refunded counts only if it has refunds: without them, the time of its end is unknown. -#}
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

paid_back as (
    select distinct
        channel,
        deal_id
    from {{ ref('deal') }}
    where kind = 'refund'
),

counted as (
    select
        d.channel,
        d.record_id,
        d.deal_id,
        d.kind,
        case when d.kind = 'opportunity' then d.closed_at else d.occurred_at end as earned_at,
        d.campaign_id,
        d.staff_id,
        d.product_id,
        d.item_count,
        d.amount,
        d.source_amount,
        d.source_currency
    from {{ ref('deal') }} as d
    left join fulfilled as f on d.kind = 'opportunity' and d.deal_id = f.opportunity_id
    left join cancelled as x on d.channel = x.channel and d.deal_id = x.deal_id
    left join paid_back as b on d.channel = b.channel and d.deal_id = b.deal_id
    where
        (
            d.kind = 'order'
            and coalesce(d.status <> 'cancelled', true)
            and (coalesce(d.status <> 'refunded', true) or b.deal_id is not null)
        )
        or (d.kind = 'refund' and x.deal_id is null)
        or (d.kind = 'opportunity' and d.status = 'won' and f.opportunity_id is null)
)
{%- endmacro -%}
