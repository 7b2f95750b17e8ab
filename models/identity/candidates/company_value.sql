/*
description: What is known of each company for a comparison with others.
grain: [cluster_key, kind, value]
*/
{{ config(published=false) }}
with

identifiers as (
    select
        c.cluster_key,
        i.id_type,
        i.id_value
    from {{ ref('company_cluster') }} as c
    inner join {{ ref('company_identifier') }} as i on c.node = i.node
),

found as (
    select
        cluster_key,
        'region' as kind,
        province as value
    from {{ ref('company_label') }}
    where province <> ''
    union
    select
        cluster_key,
        'code' as kind,
        id_value as value
    from identifiers
    where id_type = 'credit_code'
    union
    select
        cluster_key,
        'domain' as kind,
        id_value as value
    from identifiers
    where id_type = 'email_domain'
    union
    select
        cluster_key,
        'label' as kind,
        split_part(id_value, '.', 1) as value
    from identifiers
    where id_type = 'email_domain'
)

select
    cluster_key,  -- The company within this release.
    kind,  -- region, code, domain or label (of the domain).
    value,  -- [public] The value; names and domains of companies identify nobody.
    count(*) over (partition by kind, value) as holder_count  -- How many companies have it.
from found
