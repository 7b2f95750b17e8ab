/*
description: What the customers of a product line have in common; for industry and job function how
  many of them the two most frequent ones have, for the topic they care about the most frequent one.
grain: [product_line, tag_code]
*/
{{ config(published=false) }}
with

counted as (
    {%- for tag, level, table in [
        ('industry', 'account', 'portrait_of_companies'),
        ('job_function', 'person', 'portrait_of_people'),
        ('top_topic', 'person', 'portrait_of_people')
    ] %}
    select
        c.product_line,
        '{{ tag }}' as tag_code,
        g.tag_value,
        min(g.name_zh) as name_zh,
        min(g.name_en) as name_en,
        count(*) as customer_count
    from {{ ref('line_customer') }} as c
    inner join {{ ref(table) }} as g on c.entity_key = g.entity_key
    where c.level = '{{ level }}' and g.tag_code = '{{ tag }}'
    group by c.product_line, g.tag_value
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        product_line,
        tag_code,
        tag_value,
        name_zh,
        name_en,
        customer_count,
        row_number() over (
            partition by product_line, tag_code order by customer_count desc, tag_value asc
        ) as value_rank
    from counted
),

chosen as (
    select
        product_line,
        tag_code,
        name_zh,
        name_en,
        customer_count,
        value_rank,
        value_rank = 1 or (value_rank = 2 and tag_code <> 'top_topic') as is_top
    from ranked
)

select
    product_line,  -- Product line.
    tag_code,  -- industry of companies, job_function or top_topic of people.
    string_agg(name_zh, '、' order by value_rank) filter (where is_top)
        as top_zh,  -- Most frequent values, in Chinese.
    string_agg(name_en, ', ' order by value_rank) filter (where is_top)
        as top_en,  -- Most frequent values, in English.
    cast(sum(customer_count) filter (where is_top) as bigint)
        as top_count,  -- Customers with them.
    cast(sum(customer_count) as bigint) as known_count  -- Customers with any value.
from chosen
group by product_line, tag_code
