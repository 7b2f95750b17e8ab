/*
description: KPIs of tags; how complete, how many and how usable they are. They are counted every
  night. Earlier days are as they were counted then.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [tag_coverage, tags_per_person, usable_tags]
*/
{{ config(published=false) }}
with

figures as (
    select
        as_of_date,
        'total' as dimension,
        cast(null as varchar) as member,
        filled_count,
        nullif(place_count, 0) as place_count,
        person_tag_count,
        nullif(person_count, 0) as person_count,
        live_count,
        nullif(tag_count, 0) as tag_count
    from {{ ref('tag_count_history') }}
    where as_of_date <= fn_as_of()
)

{{ kpi_rows('figures', [
    ['tag_coverage', 'filled_count', 'place_count'],
    ['tags_per_person', 'person_tag_count', 'person_count'],
    ['usable_tags', 'live_count', 'tag_count']
]) }}
