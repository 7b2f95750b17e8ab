/*
description: The blocks in which each generator looks for candidates among companies. Only companies
  of one block are compared with each other.
grain: [generator, block, value, cluster_key]
*/
{{ config(published=false) }}
with

-- A slip may hide the region: 岛龙高 for 青岛龙高. So the whole name is compared as well as its core;
-- slips in its core have been found by then. A core may be the whole name of another spelling.
parts as (
    select
        cluster_key,
        core as name,
        length(core) + 1 as places
    from {{ ref('company_label') }}
    union
    select
        cluster_key,
        name_key as name,
        length(region) as places
    from {{ ref('company_label') }}
    where region <> ''
),

names as (
    select
        cluster_key,
        name,
        max(places) as places
    from parts
    group by cluster_key, name
),

cores as (
    select
        cluster_key,
        name as core,
        places
    from names
    where length(name) >= {{ var('candidate_near_length') }}
),

spelled as (
    {{ spellings_of('cores', ['cluster_key', 'core'], 'core', 'r.places') }}
),

labels as (
    select
        cluster_key,
        value as label
    from {{ ref('company_value') }}
    where kind = 'label' and length(value) >= {{ var('candidate_near_length') }}
),

labels_spelled as (
    {{ spellings_of('labels', ['cluster_key', 'label'], 'label') }}
),

-- Names that may be an abbreviation.
short_names as (
    select distinct
        cluster_key,
        name_key
    from {{ ref('company_label') }}
    where
        length(name_key) between 2 and {{ var('candidate_abbreviation_length') }}
        and regexp_matches(name_key, '^[一-龥]+$')
),

full_names as (
    select distinct
        cluster_key,
        name_key
    from {{ ref('company_label') }}
    where is_complete and regexp_matches(name_key, '^[一-龥]')
    union
    select distinct
        cluster_key,
        core as name_key
    from {{ ref('company_label') }}
    where is_complete and regexp_matches(core, '^[一-龥]')
    union
    select distinct
        cluster_key,
        {{ without_ordinal('core') }} as name_key
    from {{ ref('company_label') }}
    where is_complete and regexp_matches(core, '^[一-龥]')
),

-- The first, second and last letter of an abbreviation; two letters stand for themselves.
short_ends as (
    select
        cluster_key,
        name_key,
        left(name_key, case when length(name_key) > 2 then 2 else 1 end) || right(name_key, 1)
            as ends
    from short_names
),

-- A full name with its first letter and each other one, and with each two others.
full_ends as (
    select
        f.cluster_key,
        f.name_key,
        left(f.name_key, 1) || substr(f.name_key, u.place, 1) as ends
    from full_names as f
    cross join unnest(generate_series(2, length(f.name_key))) as u (place)
    where length(f.name_key) > 1
    union all
    select
        f.cluster_key,
        f.name_key,
        left(f.name_key, 1) || substr(f.name_key, u.place, 1) || substr(f.name_key, v.place, 1)
            as ends
    from full_names as f
    cross join unnest(generate_series(2, length(f.name_key))) as u (place)
    cross join unnest(generate_series(3, length(f.name_key))) as v (place)
    where length(f.name_key) > 2 and u.place < v.place
),

-- A full name of a few letters may abbreviate others itself.
ends as (
    select
        cluster_key,
        name_key,
        ends
    from short_ends
    union
    select
        f.cluster_key,
        f.name_key,
        f.ends
    from full_ends as f
    semi join short_ends as s on f.ends = s.ends
),

blocks as (
    select
        'near_company' as generator,
        spelling as block,
        core as value,
        cluster_key
    from spelled
    union all
    -- Jaro and Winkler find similar names only if they begin alike.
    select
        'near_company' as generator,
        left(core, {{ var('candidate_prefix_length') }}) || '…' as block,
        core as value,
        cluster_key
    from cores
    where length(core) > {{ var('candidate_prefix_length') }}
    union all
    select
        'company_sound' as generator,
        value as block,
        value,
        cluster_key
    from {{ ref('company_value') }}
    where kind = 'sound'
    union all
    select
        'abbreviation' as generator,
        ends as block,
        name_key as value,
        cluster_key
    from ends
    union all
    select
        'same_people' as generator,
        cast(person_key as varchar) as block,
        cast(null as varchar) as value,
        cluster_key
    from {{ ref('company_person') }}
    union all
    select
        'near_domain' as generator,
        spelling as block,
        label as value,
        cluster_key
    from labels_spelled
)

select
    b.generator,  -- Generator, as in candidate_generators.csv.
    b.block,  -- [pii] What the companies of a block have in common.
    b.value,  -- [pii] The value by which they are compared; NULL = none.
    b.cluster_key  -- The company within this release.
from blocks as b
inner join {{ ref('candidate_generators') }} as g on b.generator = g.generator
where g.is_on = 'true'
