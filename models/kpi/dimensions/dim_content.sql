/*
description: Content, from content.csv, with its names.
grain: [content_id]
*/
{{ config(entities={'content': 'content_id'}) }}
with

-- A key that content.csv has twice counts once, so that joins do not repeat rows.
members as (
    select
        content_id,
        content_stage,
        topic,
        format,
        product_id,
        {{ optional_column('content', 'name_zh') }} as name_zh,
        {{ optional_column('content', 'name_en') }} as name_en
    from {{ ref('content') }}
    where content_id is not null
    qualify
        row_number() over (
            partition by content_id
            order by content_stage, topic, format, product_id, name_zh, name_en
        ) = 1
)

select
    content_id,  -- Key; member of the KPI dimension 'content'.
    content_stage,  -- awareness, nurture, selection or advocacy.
    topic,  -- Topic.
    format,  -- article, white_paper, video, case, course or live.
    product_id,  -- Product that it is about, as in dim_product.
    {{ member_names('content_id') }}
from members
