/*
description: KPIs of tags; how complete, how many and how usable they are. They are counted every
  night. Earlier days are as they were published, because tags are not computed again for them.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [tag_coverage, tags_per_person, usable_tags]
*/
{{ config(published=false) }}
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
),

tonight as (
    select
        fn_as_of() as as_of_date,
        'total' as dimension,
        cast(null as varchar) as member,
        c.filled_count,
        nullif(c.place_count, 0) as place_count,
        t.tag_count as person_tag_count,
        nullif(p.person_count, 0) as person_count,
        c.live_count,
        nullif(c.tag_count, 0) as tag_count
    from catalog as c
    cross join person_tags as t
    cross join people as p
),

earlier as (
    select
        as_of_date,
        dimension,
        member,
        kpi_code,
        numerator,
        denominator
    from {{ previous('kpi.kpi_value') }}
    where
        kpi_code in ('tag_coverage', 'tags_per_person', 'usable_tags')
        and dimension = 'total'
        and as_of_date < fn_as_of()
),

figures as (
    select
        as_of_date,
        dimension,
        member,
        filled_count,
        place_count,
        person_tag_count,
        person_count,
        live_count,
        tag_count
    from tonight
    union all
    select
        as_of_date,
        dimension,
        member,
        max(case when kpi_code = 'tag_coverage' then numerator end) as filled_count,
        max(case when kpi_code = 'tag_coverage' then denominator end) as place_count,
        max(case when kpi_code = 'tags_per_person' then numerator end) as person_tag_count,
        max(case when kpi_code = 'tags_per_person' then denominator end) as person_count,
        max(case when kpi_code = 'usable_tags' then numerator end) as live_count,
        max(case when kpi_code = 'usable_tags' then denominator end) as tag_count
    from earlier
    group by as_of_date, dimension, member
)

{{ kpi_rows('figures', [
    ['tag_coverage', 'filled_count', 'place_count'],
    ['tags_per_person', 'person_tag_count', 'person_count'],
    ['usable_tags', 'live_count', 'tag_count']
]) }}
