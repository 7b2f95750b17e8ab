/*
description: Pairs of outside matchers (matcher_pairs.csv) and what became of them. A record that
  no channel delivers is no error; it is counted here.
grain: [matcher, entity]
*/
with

pairs as (
    select
        matcher,
        entity,
        left_record,
        right_record
    from {{ ref('matcher_pairs') }}
),

owners as (
    select
        'person' as entity,
        channel || ':' || record_id as record,
        cluster_key
    from {{ ref('contact_cluster') }}
    union all
    select
        'company' as entity,
        channel || ':' || record_id as record,
        cluster_key
    from {{ ref('company_record_cluster') }}
),

owned as (
    select
        p.matcher,
        p.entity,
        a.cluster_key as left_key,
        b.cluster_key as right_key
    from pairs as p
    left join owners as a on p.entity = a.entity and p.left_record = a.record
    left join owners as b on p.entity = b.entity and p.right_record = b.record
)

select
    matcher,  -- Name of the matcher.
    entity,  -- person or company.
    count(*) as pair_count,  -- Pairs that it names.
    count(*) filter (where left_key <> right_key) as apart_count,  -- Pairs that are two.
    count(*) filter (where left_key = right_key) as joined_count,  -- Pairs that are one.
    count(*) filter (
        where left_key is null or right_key is null
    ) as unknown_count  -- Pairs with a record that nobody delivers, or that identifies nobody.
from owned
group by matcher, entity
