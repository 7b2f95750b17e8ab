/*
description: The names of each company, in parts, for comparison.
grain: [node]
*/
{{ config(published=false) }}
with

-- One spelling of a name may have a region that another hides. Their key is the same.
parts as (
    select
        name_key,
        max(region) as region
    from {{ ref('company_name_part') }}
    where name_key is not null
    group by name_key
)

select
    c.node,  -- Number of the name.
    c.cluster_key,  -- The company within this release.
    i.id_value as name_key,  -- Region and core.
    p.region,  -- Region in the name; empty = none.
    coalesce(r.province, p.region) as province,  -- Province of that region; empty = none.
    substr(i.id_value, length(p.region) + 1) as core,  -- The name without region and legal form.
    i.is_complete  -- True = ends with a registered legal form in some spelling.
from {{ ref('company_cluster') }} as c
inner join {{ ref('company_identifier') }} as i on c.node = i.node
inner join parts as p on i.id_value = p.name_key
left join {{ ref('regions') }} as r on p.region = r.region
where i.id_type = 'company_name'
