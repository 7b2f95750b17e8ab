/*
description: The company that each short name (简称) stands for. It resolves if exactly one company
  fits; a company fits if the name abbreviates its full name, or else if the name appears on its
  records.
grain: [node]
*/
{{ config(published=false) }}
with

-- One spelling of a name may have a region that another hides. Their key is the same.
regions_of_keys as (
    select
        name_key,
        max(region) as region
    from {{ ref('company_name_part') }}
    where name_key is not null
    group by name_key
),

names as (
    select
        i.node,
        i.is_complete,
        i.id_value as name_key,
        p.region,
        substr(i.id_value, length(p.region) + 1) as core,
        r.province
    from {{ ref('company_identifier') }} as i
    inner join regions_of_keys as p on i.id_value = p.name_key
    left join {{ ref('regions') }} as r on p.region = r.region
    where i.id_type = 'company_name' and i.verdict = 'valid'
),

open_names as (
    select
        n.node,
        n.name_key
    from names as n
    inner join {{ ref('company_node') }} as c on n.node = c.node
    where c.is_open
),

-- All ways to shorten a full name: drop the end of the core, replace the city by its province, drop
-- the region. The result is compared as a whole, because 阿里云 does not show the place that
-- 阿里云计算有限公司 seems to begin with.
places as (
    select
        n.node,
        n.core,
        unnest([n.region, coalesce(n.province, ''), '']) as region
    from names as n
    where n.is_complete
),

shortened as (
    select distinct
        p.node,
        p.region || left(p.core, u.size) as name_key
    from places as p
    cross join unnest(range(1, length(p.core) + 1)) as u (size)
    where p.region <> '' or u.size > 1
),

fitting as (
    select distinct
        o.node,
        c.account_key
    from open_names as o
    inner join shortened as s on o.name_key = s.name_key and o.node <> s.node
    inner join {{ ref('company_node') }} as c on s.node = c.node
    where not c.is_open
),

-- Companies whose stronger identifier is on a record with the name.
beside as (
    select distinct
        o.node,
        c.account_key
    from open_names as o
    inner join {{ ref('company_identifier') }} as i on o.node = i.node
    inner join {{ ref('company_combination_identifier') }} as m
        on i.id_type = m.id_type and i.id_value = m.id_value
    inner join {{ ref('company_combination_identifier') }} as x
        on m.combination_id = x.combination_id and x.id_type <> 'company_name'
    inner join {{ ref('company_identifier') }} as y
        on x.id_type = y.id_type and x.id_value = y.id_value
    inner join {{ ref('company_node') }} as c on y.node = c.node
    where m.record_count > 0
),

-- Companies that a human unlinked from the name do not fit.
unlinked as (
    select
        d.node,
        d.lesser_node as other_node
    from {{ ref('decided_company_pair') }} as d
    where d.decision = 'unlink'
    union all
    select
        d.lesser_node as node,
        d.node as other_node
    from {{ ref('decided_company_pair') }} as d
    where d.decision = 'unlink'
),

parted as (
    select
        u.node,
        c.account_key
    from unlinked as u
    inner join {{ ref('company_node') }} as c on u.other_node = c.node
),

allowed_fitting as (
    select
        f.node,
        f.account_key
    from fitting as f
    anti join parted as p on f.node = p.node and f.account_key = p.account_key
),

allowed_beside as (
    select
        b.node,
        b.account_key
    from beside as b
    anti join parted as p on b.node = p.node and b.account_key = p.account_key
),

candidates as (
    select
        node,
        account_key,
        'full name' as basis
    from allowed_fitting
    union all
    select
        b.node,
        b.account_key,
        'same record' as basis
    from allowed_beside as b
    anti join allowed_fitting as f on b.node = f.node
),

counted as (
    select
        node,
        basis,
        count(*) as account_count,
        min(account_key) as account_key
    from candidates
    group by node, basis
)

select
    o.node,  -- Number of the name.
    case
        when c.account_count is null then o.node
        when c.account_count = 1 then c.account_key
    end as account_key,  -- The company it stands for, or itself if none fits; NULL = several fit.
    coalesce(c.account_count, 0) as account_count,  -- How many companies fit.
    c.basis  -- Why they fit: full name, or same record; NULL = none fits.
from open_names as o
left join counted as c on o.node = c.node
