/*
description: How names of people and cores of company names are pronounced (拼音, without tones).
  Whoever types Chinese by sound often picks another character of the same sound.
grain: [name]
*/
{{ config(published=false) }}
with

names as (
    select name_key as name
    from {{ ref('person_name') }}
    where name_key is not null
    union
    select core as name
    from {{ ref('company_label') }}
    union
    select name_key as name
    from {{ ref('company_label') }}
),

letters as (
    select
        n.name,
        u.place,
        substr(n.name, u.place, 1) as letter
    from names as n
    cross join unnest(generate_series(1, length(n.name))) as u (place)
    where regexp_matches(n.name, '[㐀-鿿]')
)

select
    l.name,  -- [pii] The name.
    string_agg(
        coalesce(p.sound, l.letter), ' ' order by l.place
    ) as sound  -- [pii] Its syllables. A letter that pinyin.csv does not have stands for itself.
from letters as l
left join {{ ref('pinyin') }} as p on l.letter = p.letter
group by l.name
