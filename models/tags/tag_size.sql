/*
description: How many people or companies have each value of each tag, now, on the last published
  date and 30 days ago, from tag_history; what the drift of a tag is reckoned from.
grain: [level, tag_code, tag_value]
*/
with

-- The newest published date before as_of, and the newest that is drift_days or more before it.
dates as (
    select
        max(as_of_date) filter (where as_of_date < fn_as_of()) as date_before,
        max(as_of_date) filter (
            where as_of_date <= fn_as_of() - interval {{ var('drift_days') }} day
        ) as date_long_before
    from {{ ref('published_date') }}
),

counted as (
    select
        h.level,
        h.tag_code,
        h.tag_value,
        count_if(h.valid_to is null) as entity_count,
        count_if(
            h.valid_from <= d.date_before
            and coalesce(h.valid_to > d.date_before, true)
        ) as count_before,
        count_if(
            h.valid_from <= d.date_long_before
            and coalesce(h.valid_to > d.date_long_before, true)
        ) as count_long_before
    from {{ ref('tag_history') }} as h
    cross join dates as d
    group by h.level, h.tag_code, h.tag_value
),

totals as (
    select
        level,
        tag_code,
        sum(entity_count) as total,
        sum(count_before) as total_before,
        sum(count_long_before) as total_long_before
    from counted
    group by level, tag_code
)

select
    c.level,  -- person or account.
    c.tag_code,  -- Tag.
    c.tag_value,  -- Value.
    cast(c.entity_count as bigint) as entity_count,  -- People or companies with the value.
    cast(c.count_before as bigint)
        as count_before,  -- The same on the last published date before; NULL = there is none.
    cast(c.count_long_before as bigint)
        as count_long_before,  -- The same drift_days ago; NULL = nothing was published then.
    cast(cast(c.entity_count as double) / nullif(t.total, 0) as decimal(9, 6))
        as share,  -- Share of the value among all values of the tag, 0 to 1.
    cast(cast(c.count_before as double) / nullif(t.total_before, 0) as decimal(9, 6))
        as share_before,  -- The same on the last published date before; NULL = nobody had the tag.
    cast(cast(c.count_long_before as double) / nullif(t.total_long_before, 0) as decimal(9, 6))
        as share_long_before  -- The same drift_days ago; NULL = nobody had the tag.
from counted as c
inner join totals as t on c.level = t.level and c.tag_code = t.tag_code
where c.entity_count > 0 or c.count_before > 0 or c.count_long_before > 0
