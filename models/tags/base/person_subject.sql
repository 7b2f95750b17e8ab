/*
description: What people read and looked at, in figures; inbound touches of the last days with a
  product or a piece of content, by product line, topic and format. Several tag classes read it.
grain: [person_key, channel, product_line, topic, format]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{#- The longer period alone is a part of the rules: the other one decides nothing here. -#}
{%- set longest = [threshold('interest_days'), threshold('need_days')] | max %}
with

touches as (
    select
        person_key,
        channel,
        product_id,
        content_id,
        occurred_at,
        {{ days_ago('occurred_date') }} as days_ago
    from {{ ref('person_touch') }}
    where
        direction = 'inbound'
        and (product_id is not null or content_id is not null)
        and {{ days_ago('occurred_date') }} < {{ longest }}
),

subjects as (
    select
        t.person_key,
        t.channel,
        t.occurred_at,
        t.days_ago,
        c.topic,
        c.format,
        coalesce(p.product_line, o.product_line) as product_line
    from touches as t
    left join {{ ref('content') }} as c on t.content_id = c.content_id
    left join {{ ref('products') }} as p on t.product_id = p.product_id
    left join {{ ref('products') }} as o on c.product_id = o.product_id
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    channel,  -- Channel code.
    product_line,  -- Product line of the product, or else of the content; NULL = unknown.
    topic,  -- Topic of the content; NULL = no content, or none that content.csv lists.
    format,  -- Format of the content; NULL likewise.
    max(occurred_at) as last_at,  -- Latest touch (UTC).
    min(days_ago) as days_since,  -- Days from the latest touch to as_of.
    cast(count_if(days_ago < {{ threshold('interest_days') }}) as bigint)
        as interest_touches  -- Touches in the last interest_days days.
from subjects
where product_line is not null or topic is not null or format is not null
group by person_key, channel, product_line, topic, format
