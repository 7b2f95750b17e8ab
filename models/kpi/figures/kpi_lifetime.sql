/*
description: What new customers bring, by the day of their first purchase; the gross margin of the
  days after it, per customer.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [ltv_90, ltv_180, ltv_365]
*/
{{ config(published=false) }}
{%- set columns = ['customer_count', 'margin_90', 'margin_180', 'margin_365'] %}
with

cohorts as (
    select
        day as as_of_date,
        channel,
        campaign_id,
        {{ columns | join(',\n        ') }}
    from {{ ref('economics_day') }}
    where customer_count > 0
),

{{ by_dimension(
    'facts', 'cohorts', ['as_of_date'] + columns, own=['total', 'channel', 'campaign', 'scene']
) }},

figures as (
    select
        as_of_date,
        dimension,
        member,
        sum(customer_count) as customer_count,
        sum(margin_90) as margin_90,
        sum(margin_180) as margin_180,
        sum(margin_365) as margin_365
    from facts
    group by as_of_date, dimension, member
)

{{ kpi_rows('figures', [
    ['ltv_90', 'margin_90', 'customer_count'],
    ['ltv_180', 'margin_180', 'customer_count'],
    ['ltv_365', 'margin_365', 'customer_count']
]) }}
