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

{{ compared_values('company_value', ['region', 'code', 'domain']) }},

sides as (
    select
        left_key as side_key,
        left_value as side_value,
        right_key as other_key,
        evidence
    from {{ ref('company_candidate_pair') }}
    union all
    select
        right_key as side_key,
        right_value as side_value,
        left_key as other_key,
        evidence
    from {{ ref('company_candidate_pair') }}
),

-- A name that is near many others says little: in a list of 华阳机电, 华方机电, 华光机电 nobody mistyped.
neighbours as (
    select
        side_key,
        side_value,
        evidence,
        count(distinct other_key) as other_count
    from sides
    where side_value is not null
    group by side_key, side_value, evidence
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
        p.left_key,
        p.right_key,
        p.evidence,
        -- An abbreviation counts by the full names that it fits, not by how many there are.
        case
            when p.evidence <> 'abbreviates' then greatest(a.other_count, b.other_count) + 1
            when length(p.left_value) < length(p.right_value) then a.other_count
            else b.other_count
        end as holder_count,
        case
            when length(p.left_value) <= length(p.right_value) then p.left_value else p.right_value
        end as left_value,
        case
            when length(p.left_value) <= length(p.right_value) then p.right_value else p.left_value
        end as right_value
    from {{ ref('company_candidate_pair') }} as p
    inner join neighbours as a
        on p.left_key = a.side_key and p.left_value = a.side_value and p.evidence = a.evidence
    inner join neighbours as b
        on p.right_key = b.side_key and p.right_value = b.side_value and p.evidence = b.evidence
    union all
    select
        left_key,
        right_key,
        'other_core' as evidence,
        cast(null as bigint) as holder_count,
        cast(null as varchar) as left_value,
        cast(null as varchar) as right_value
    from pairs
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
        left_key,
        right_key,
        'other_domain' as evidence,
        cast(null as bigint) as holder_count,
        left_value,
        right_value
    from compared
    where kind = 'domain' and left_value <> right_value
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

{{ weighed_findings(
    'company', 'select count(distinct cluster_key) as all_count from ' ~ ref('company_value')
) }}

select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    field,  -- What is compared, as in candidate_evidence.csv.
    evidence,  -- What was found, as in candidate_evidence.csv.
    left_value,  -- [public] Value of one of them; of two names the shorter.
    right_value,  -- [public] Value of the other one.
    bits  -- How much it says for the pair; negative = against it. 1 bit doubles the odds.
from chosen
