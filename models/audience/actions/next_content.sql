/*
description: The item of content.csv to send to each person whose first option is to send one. It
  fits the stage, and the person never had it. People who had everything are not listed.
grain: [person_key]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{#- What decides which item is the best. -#}
{%- set taste = [
    'content_stage', 'top_topic', 'sop_format', 'preferred_format', 'product_interest'
] %}
with

first_options as (
    select
        person_key,
        kind,
        is_playbook
    from {{ ref('action_option') }}
    qualify row_number() over (partition by person_key order by rule_no) = 1
),

readers as (
    select
        o.person_key,
        coalesce(a.content_stage, 'awareness') as content_stage,
        p.top_topic,
        case when o.is_playbook then s.content_format end as sop_format,
        p.preferred_format,
        p.product_interest
    from first_options as o
    inner join {{ ref('audience_person') }} as a on o.person_key = a.person_key
    inner join {{ ref('person_profile') }} as p on a.one_id = p.one_id
    left join {{ ref('sop_position') }} as s on o.person_key = s.person_key
    where o.kind = 'send_content'
),

product_lines as (
    select
        product_id,
        min(product_line) as product_line
    from {{ ref('products') }}
    group by product_id
),

items as (
    select
        c.content_id,
        row_number() over (order by c.content_id) as content_no,
        c.content_stage,
        c.topic,
        c.format,
        p.product_line
    from {{ ref('content') }} as c
    left join product_lines as p on c.product_id = p.product_id
),

-- What they had, in either direction and at any time.
had as (
    select distinct
        t.person_key,
        t.content_id
    from {{ ref('person_touch') }} as t
    inner join readers as r on t.person_key = r.person_key
    inner join items as i on t.content_id = i.content_id and r.content_stage = i.content_stage
),

had_counts as (
    select
        person_key,
        count(*) as had_count
    from had
    group by person_key
),

-- Of the best had_count + 1 items a person cannot have had all.
demands as (
    select
        r.person_key,
        {%- for column in taste %}
        r.{{ column }},
        {%- endfor %}
        coalesce(h.had_count, 0) + 1 as look_at
    from readers as r
    left join had_counts as h on r.person_key = h.person_key
),

-- Many people have the same taste, so items are ordered once for each taste.
tastes as (
    select
        row_number() over (order by {{ taste | join(', ') }}) as taste_no,
        {%- for column in taste %}
        {{ column }},
        {%- endfor %}
        string_split(product_interest, ', ') as product_lines,
        max(look_at) as look_at
    from demands
    group by {{ taste | join(', ') }}
),

ordered as (
    select
        t.taste_no,
        t.look_at,
        i.content_no,
        row_number() over (
            partition by t.taste_no
            order by
                case when i.topic = t.top_topic then 0 else 1 end,
                case
                    when i.format = t.sop_format then 0
                    when i.format = t.preferred_format then 1
                    else 2
                end,
                case
                    when list_contains(t.product_lines, i.product_line) then 0
                    else 1
                end,
                i.content_no
        ) as item_no
    from tastes as t
    inner join items as i on t.content_stage = i.content_stage
),

best as (
    select
        o.taste_no,
        i.content_id,
        o.item_no
    from ordered as o
    inner join items as i on o.content_no = i.content_no
    where o.item_no <= o.look_at
)

select
    d.person_key,  -- Number of the person in this release, for joins.
    arg_min(b.content_id, b.item_no) as content_id  -- Item to send.
from demands as d
inner join tastes as t
    on
        {%- for column in taste %}
        {{ 'and ' if not loop.first }}d.{{ column }} is not distinct from t.{{ column }}
        {%- endfor %}
inner join best as b on t.taste_no = b.taste_no and d.look_at >= b.item_no
anti join had as h on d.person_key = h.person_key and b.content_id = h.content_id
group by d.person_key
