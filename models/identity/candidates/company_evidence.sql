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

-- One value of each kind stands for a company when it differs; comparing all would be a product.
first_values as (
    select
        cluster_key,
        kind,
        min(value) as value
    from {{ ref('company_value') }}
    where kind in ('code', 'domain')
    group by cluster_key, kind
),

{%- for kind in ['code', 'domain'] %}

{{ kind }}_pairs as (
    select
        p.left_key,
        p.right_key,
        a.value as left_value,
        b.value as right_value
    from pairs as p
    inner join first_values as a on p.left_key = a.cluster_key and a.kind = '{{ kind }}'
    inner join first_values as b on p.right_key = b.cluster_key and b.kind = '{{ kind }}'
),
{%- endfor %}

regions as (
    select
        cluster_key,
        value,
        holder_count
    from {{ ref('company_value') }}
    where kind = 'region'
),

companies as (
    select count(distinct cluster_key) as all_count
    from {{ ref('company_cluster') }}
),

-- How many companies are near each other by chance, at most: what all of them have on average.
averages as (
    select
        p.evidence,
        2.0 * count(*) / greatest(max(a.all_count), 1) as mean_count
    from {{ ref('company_candidate_pair') }} as p
    cross join companies as a
    group by p.evidence
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

labelled as (
    select distinct cluster_key
    from {{ ref('company_label') }}
),

findings as (
    select
        p.left_key,
        p.right_key,
        p.evidence,
        -- A short name that fits one full name of thousands is mostly right; one that fits several
        -- is right about one of them at best.
        case
            when p.evidence = 'abbreviates'
                then pow(cast(p.partner_count as double), 4.0)
            else p.partner_count - 1 + m.mean_count
        end as holder_count,
        case
            when length(p.left_value) <= length(p.right_value) then p.left_value else p.right_value
        end as left_value,
        case
            when length(p.left_value) <= length(p.right_value) then p.right_value else p.left_value
        end as right_value
    from {{ ref('company_candidate_pair') }} as p
    inner join averages as m on p.evidence = m.evidence
    where p.left_value is not null
    union all
    select
        p.left_key,
        p.right_key,
        'other_core' as evidence,
        cast(null as double) as holder_count,
        cast(null as varchar) as left_value,
        cast(null as varchar) as right_value
    from pairs as p
    semi join labelled as a on p.left_key = a.cluster_key
    semi join labelled as b on p.right_key = b.cluster_key
    union all
    -- A join on the province would tempt an engine to join all companies of a province first.
    select
        p.left_key,
        p.right_key,
        case when a.value = b.value then 'same_region' else 'other_region' end as evidence,
        a.holder_count,
        a.value as left_value,
        b.value as right_value
    from pairs as p
    inner join regions as a on p.left_key = a.cluster_key
    inner join regions as b on p.right_key = b.cluster_key
    union all
    select
        left_key,
        right_key,
        'shared_people' as evidence,
        cast(null as double) as holder_count,
        cast(people_count as varchar) as left_value,
        cast(null as varchar) as right_value
    from people
    union all
    select
        left_key,
        right_key,
        'other_domain' as evidence,
        cast(null as double) as holder_count,
        left_value,
        right_value
    from domain_pairs
    where left_value <> right_value
    union all
    select
        left_key,
        right_key,
        'other_credit_code' as evidence,
        cast(null as double) as holder_count,
        left_value,
        right_value
    from code_pairs
    where left_value <> right_value
    union all
    {{ matcher_findings('company', ref('company_record_cluster')) }}
),

{{ weighed_findings(
    'company', 'select count(distinct cluster_key) as all_count from ' ~ ref('company_cluster')
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
