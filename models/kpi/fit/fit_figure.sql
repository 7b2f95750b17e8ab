/*
description: The figures that data and people give for the factors of a product line, before one
  source is chosen; see kpi.product_fit_factor.
grain: [product_line, factor, source]
*/
{{ config(published=false) }}
with

purchase_days as (
    select
        product_line,
        buyer_key,
        purchase_date,
        sum(amount) as amount
    from {{ ref('line_purchase') }}
    group by product_line, buyer_key, purchase_date
),

ordered as (
    select
        product_line,
        buyer_key,
        purchase_date,
        amount,
        row_number() over (
            partition by product_line, buyer_key order by purchase_date
        ) as purchase_no,
        lead(purchase_date) over (
            partition by product_line, buyer_key order by purchase_date
        ) as next_date
    from purchase_days
),

first_orders as (
    select
        product_line,
        'trial_cost' as factor,
        cast(median(cast(amount as double)) as decimal(24, 6)) as figure,
        count(*) as basis_count
    from ordered
    where purchase_no = 1 and amount > 0
    group by product_line
),

-- Whoever bought for the first time only lately has not had the time to buy again.
loyal as (
    select
        product_line,
        'loyalty' as factor,
        cast(
            cast(
                count(
                    case
                        when
                            next_date
                            <= purchase_date + {{ var('fit_repeat_days') }} * interval 1 day
                            then 1
                    end
                ) as double
            ) / count(*) as decimal(24, 6)
        ) as figure,
        count(*) as basis_count
    from ordered
    where
        purchase_no = 1
        and purchase_date <= fn_as_of() - {{ var('fit_repeat_days') }} * interval 1 day
    group by product_line
),

cycles as (
    select
        product_line,
        'purchase_cycle' as factor,
        cast(median(date_diff('day', purchase_date, next_date)) as decimal(24, 6)) as figure,
        count(*) as basis_count
    from ordered
    where next_date is not null
    group by product_line
),

orders as (
    select
        product_line,
        sum(amount) as amount
    from {{ ref('line_purchase') }}
    group by product_line, channel, deal_id
),

prices as (
    select
        product_line,
        'price_per_order' as factor,
        cast(median(cast(amount as double)) as decimal(24, 6)) as figure,
        count(*) as basis_count
    from orders
    where amount > 0
    group by product_line
),

-- Industry or job function, whichever says more. Values of fewer customers say nothing.
audiences as (
    select
        product_line,
        'audience_precision' as factor,
        tag_code,
        top_zh,
        top_en,
        cast(cast(top_count as double) / known_count as decimal(24, 6)) as figure,
        known_count as basis_count
    from {{ ref('line_audience') }}
    where tag_code <> 'top_topic'
    qualify
        row_number() over (
            partition by product_line
            order by
                known_count >= {{ threshold('fit_rows') }} desc,
                cast(top_count as double) / known_count desc,
                tag_code asc
        ) = 1
),

traits as (
    select
        product_line,
        case trait when 'low_decision_cost' then 'trial_cost' else trait end as factor,
        cast(score as decimal(24, 6)) as figure
    from {{ ref('product_traits') }}
    where trait in ('low_decision_cost', 'brand_power', 'loyalty', 'differentiation')
),

figures as (
    {%- for table in ['first_orders', 'loyal', 'cycles', 'prices'] %}
    select
        product_line,
        factor,
        'data' as source,
        figure,
        basis_count,
        cast(null as varchar) as detail_zh,
        cast(null as varchar) as detail_en
    from {{ table }}
    union all
    {%- endfor %}
    select
        product_line,
        factor,
        'data' as source,
        figure,
        basis_count,
        top_zh as detail_zh,
        top_en as detail_en
    from audiences
    union all
    select
        product_line,
        factor,
        'traits' as source,
        figure,
        cast(null as bigint) as basis_count,
        cast(null as varchar) as detail_zh,
        cast(null as varchar) as detail_en
    from traits
)

select
    product_line,  -- Product line.
    factor,  -- Factor, as in fit_rules.csv.
    source,  -- data or traits.
    figure,  -- The figure, in the unit of the factor.
    basis_count,  -- Buyers, orders, gaps or customers that it rests on; NULL = people's judgement.
    detail_zh,  -- The customers that audience_precision means, in Chinese.
    detail_en  -- The same in English.
from figures
