/*
description: Products, from products.csv, with their names.
grain: [product_id]
*/
{{ config(entities={'product': 'product_id'}) }}
with

-- A key that products.csv has twice counts once, so that joins do not repeat rows.
members as (
    select
        product_id,
        product_line,
        margin_rate,
        {{ optional_column('products', 'name_zh') }} as name_zh,
        {{ optional_column('products', 'name_en') }} as name_en
    from {{ ref('products') }}
    where product_id is not null
    qualify
        row_number() over (
            partition by product_id order by product_line, margin_rate, name_zh, name_en
        ) = 1
)

select
    product_id,  -- Key; member of the KPI dimension 'product'.
    product_line,  -- Product line.
    try_cast(margin_rate as decimal(9, 6)) as margin_rate,  -- Gross margin, 0 to 1.
    {{ member_names('product_id') }}
from members
