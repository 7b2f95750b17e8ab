/*
description: What speaks for and against each pair of companies. Of each field, the finding that
  says most for the pair.
grain: [left_key, right_key, field]
*/
{{ config(published=false) }}
with

pairs as (
    select distinct
        left_key,
        right_key
    from {{ ref('company_candidate_pair') }}
),

{{ compared_values('company_value') }},

cores as (
    select
        left_key,
        right_key,
        left_value,
        right_value,
        left_count,
        fn_edit_distance(left_value, right_value) <= 1 as is_near,
        fn_similarity(left_value, right_value) >= {{ var('candidate_similarity') }} as is_similar
    from compared
    where kind = 'core'
),

-- A name that is near many others says little: in a list of 华阳机电, 华方机电, 华光机电 nobody mistyped.
neighbours as (
    select
        side_key,
        side_value,
        count(distinct other_key) filter (where is_near) as near_count,
        count(distinct other_key) as similar_count
    from (
        select
            left_key as side_key,
            left_value as side_value,
            right_key as other_key,
            is_near
        from cores
        where is_near or is_similar
        union all
        select
            right_key as side_key,
            right_value as side_value,
            left_key as other_key,
            is_near
        from cores
        where is_near or is_similar
    ) as sides
    group by side_key, side_value
),

sounds as (
    select
        left_key,
        right_key,
        min(left_count) as holder_count
    from compared
    where kind = 'sound' and left_value = right_value
    group by left_key, right_key
),

short_and_full as (
    select
        p.left_key,
        p.right_key,
        a.value as short_name,
        b.value as full_name,
        p.left_key as short_key
    from pairs as p
    inner join {{ ref('company_value') }} as a on p.left_key = a.cluster_key and a.kind = 'short'
    inner join {{ ref('company_value') }} as b on p.right_key = b.cluster_key and b.kind = 'full'
    union all
    select
        p.left_key,
        p.right_key,
        a.value as short_name,
        b.value as full_name,
        p.right_key as short_key
    from pairs as p
    inner join {{ ref('company_value') }} as a on p.right_key = a.cluster_key and a.kind = 'short'
    inner join {{ ref('company_value') }} as b on p.left_key = b.cluster_key and b.kind = 'full'
),

abbreviated as (
    select
        s.left_key,
        s.right_key,
        s.short_name,
        s.full_name,
        s.short_key
    from short_and_full as s
    inner join {{ ref('company_label') }} as l
        on
            s.full_name = l.name_key
            and l.cluster_key = case when s.short_key = s.left_key then s.right_key else s.left_key end
    where
        length(s.short_name) < length(s.full_name)
        and (
            fn_abbreviates(s.short_name, l.name_key)
            or fn_abbreviates(s.short_name, l.core)
            or fn_abbreviates(s.short_name, {{ without_ordinal('l.core') }})
        )
),

fitting as (
    select
        short_key,
        short_name,
        count(distinct case when short_key = left_key then right_key else left_key end) as fitting_count
    from abbreviated
    group by short_key, short_name
),

people as (
    select
        p.left_key,
        p.right_key,
        count(*) as people_count
    from pairs as p
    inner join {{ ref('company_person') }} as a on p.left_key = a.cluster_key
    inner join {{ ref('company_person') }} as b
        on p.right_key = b.cluster_key and a.person_key = b.person_key
    group by p.left_key, p.right_key
),

findings as (
    select
        c.left_key,
        c.right_key,
        case
            when c.left_value = c.right_value then 'same_core'
            when s.holder_count is not null then 'same_core_sound'
            when c.is_near then 'near_core'
            when c.is_similar then 'similar_core'
            else 'other_core'
        end as evidence,
        case
            when c.left_value = c.right_value then c.left_count
            when s.holder_count is not null then s.holder_count
            when c.is_near then greatest(a.near_count, b.near_count) + 1
            when c.is_similar then greatest(a.similar_count, b.similar_count) + 1
        end as holder_count,
        c.left_value,
        c.right_value
    from cores as c
    left join sounds as s on c.left_key = s.left_key and c.right_key = s.right_key
    left join neighbours as a on c.left_key = a.side_key and c.left_value = a.side_value
    left join neighbours as b on c.right_key = b.side_key and c.right_value = b.side_value
    union all
    select
        a.left_key,
        a.right_key,
        'abbreviates' as evidence,
        f.fitting_count as holder_count,
        a.short_name as left_value,
        a.full_name as right_value
    from abbreviated as a
    inner join fitting as f on a.short_key = f.short_key and a.short_name = f.short_name
    union all
    select
        left_key,
        right_key,
        case when left_value = right_value then 'same_region' else 'other_region' end as evidence,
        left_count as holder_count,
        left_value,
        right_value
    from compared
    where kind = 'region'
    union all
    select
        left_key,
        right_key,
        'shared_people' as evidence,
        cast(null as bigint) as holder_count,
        cast(people_count as varchar) as left_value,
        cast(null as varchar) as right_value
    from people
    union all
    select
        d.left_key,
        d.right_key,
        case
            when split_part(d.left_value, '.', 1) = split_part(d.right_value, '.', 1)
                then 'same_domain_label'
            when fn_edit_distance(d.left_value, d.right_value) <= 1 then 'near_domain'
            else 'other_domain'
        end as evidence,
        coalesce(l.left_count, 2) as holder_count,
        d.left_value,
        d.right_value
    from compared as d
    left join compared as l
        on
            d.left_key = l.left_key and d.right_key = l.right_key and l.kind = 'label'
            and split_part(d.left_value, '.', 1) = l.left_value and l.left_value = l.right_value
    where d.kind = 'domain'
    union all
    select
        left_key,
        right_key,
        'other_credit_code' as evidence,
        cast(null as bigint) as holder_count,
        left_value,
        right_value
    from compared
    where kind = 'code' and left_value <> right_value
    union all
    {{ matcher_findings('company', ref('company_record_cluster')) }}
),

{{ weighed_findings('company', 'select count(distinct cluster_key) as all_count from ' ~ ref('company_value')) }}

select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    field,  -- What is compared, as in candidate_evidence.csv.
    evidence,  -- What was found, as in candidate_evidence.csv.
    left_value,  -- Value of the first one.
    right_value,  -- Value of the second one.
    bits  -- How much it says for the pair; negative = against it. 1 bit doubles the odds.
from chosen
