/*
description: Customers of each product line within fit_days, people and companies; those who bought
  it, and companies who own a device of it.
grain: [product_line, level, entity_key]
*/
{{ config(published=false) }}
with

customers as (
    select
        product_line,
        'person' as level,
        person_key as entity_key
    from {{ ref('line_purchase') }}
    where person_key is not null
    union
    select
        product_line,
        'account' as level,
        account_key as entity_key
    from {{ ref('line_purchase') }}
    where account_key is not null
    union
    select
        p.product_line,
        'account' as level,
        r.account_key as entity_key
    from {{ ref('device') }} as d
    inner join {{ ref('record_person') }} as r
        on d.channel = r.channel and d.record_id = r.record_id
    inner join {{ ref('dim_product') }} as p on d.product_id = p.product_id
    where r.account_key is not null and p.product_line is not null
)

select
    product_line,  -- Product line.
    level,  -- person or account.
    entity_key  -- Number of the person or the company in this release.
from customers
