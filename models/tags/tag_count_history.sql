/*
description: How many tags there were each night, and how many values they had. Tags are not
  computed again for earlier days, so every night adds its own row.
grain: [as_of_date]
*/
{{ config(published=false, materialized='snapshot', key=['as_of_date']) }}
with

catalog as (
    select
        count(*) as tag_count,
        count(*) filter (where status = 'live') as live_count,
        cast(coalesce(sum(tagged_count), 0) as bigint) as filled_count,
        cast(coalesce(sum(scope_count), 0) as bigint) as place_count
    from {{ ref('tag_catalog') }}
),

-- A person counts once for a tag that has several values.
tags_of_people as (
    select count(*) as tag_count
    from {{ ref('person_tag') }} as t
    inner join {{ ref('tags') }} as g on t.tag_code = g.tag_code
    where g.is_multi is distinct from 'true'
    union all
    select count(*) as tag_count
    from (
        select distinct
            t.one_id,
            t.tag_code
        from {{ ref('person_tag') }} as t
        inner join {{ ref('tags') }} as g on t.tag_code = g.tag_code
        where g.is_multi = 'true'
    ) as several
),

person_tags as (
    select cast(sum(tag_count) as bigint) as tag_count
    from tags_of_people
),

people as (
    select count(*) as person_count
    from {{ ref('person_scope') }}
    where is_people
)

select
    fn_as_of() as as_of_date,  -- Business date of the night.
    c.filled_count,  -- People and companies that have each tag, summed over tags.
    c.place_count,  -- People and companies that each tag applies to, summed over tags.
    t.tag_count as person_tag_count,  -- Tags of people; one with several values counts once.
    p.person_count,  -- People.
    c.live_count,  -- Tags whose status is live.
    c.tag_count  -- Tags of tags.csv.
from catalog as c
cross join person_tags as t
cross join people as p
