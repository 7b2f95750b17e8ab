/*
description: What it costs to be able to reach people and to win customers, over the last days, and
  how soon and how often the customers of these days pay it back.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [cost_per_add, cac, ltv_cac, payback_months]
*/
{{ config(published=false) }}
{%- set columns = [
    'acquire_amount', 'cost_amount', 'added_count', 'customer_count', 'margin_180', 'margin_365'
] %}
with

{{ by_dimension(
    'facts', ref('economics_day'), ['day'] + columns, own=['total', 'channel', 'campaign', 'scene']
) }},

{{ moving_sums('rolling', 'facts', columns) }},

-- Without people, a cost per person is no figure. A margin that is not positive never pays back.
figures as (
    select
        as_of_date,
        dimension,
        member,
        case when added_count > 0 then acquire_amount end as acquire_amount,
        added_count,
        case when customer_count > 0 then cost_amount end as cost_amount,
        customer_count,
        case when customer_count > 0 and cost_amount > 0 then margin_365 end as margin_365,
        cost_amount as paid_amount,
        case when customer_count > 0 and margin_180 > 0 then cost_amount end as payback_amount,
        margin_180,
        cast(cost_amount as double) / nullif(cast(margin_180 as double), 0)
        * {{ kpi_window('payback_months') }} * 12 / 365 as payback_months
    from rolling
)

{{ kpi_rows('figures', [
    ['cost_per_add', 'acquire_amount', 'added_count'],
    ['cac', 'cost_amount', 'customer_count'],
    ['ltv_cac', 'margin_365', 'paid_amount'],
    ['payback_months', 'payback_amount', 'margin_180', 'payback_months']
]) }}
