/*
description: The company that each name without a stronger identifier stands for. It resolves if
  exactly one company fits. A company fits a short name (简称) if that abbreviates its full name, and
  a name with a legal form if that leaves out only the region; or else if the name appears on its
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
        n.name_key,
        n.is_complete
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
        n.name_key,
        n.core,
        unnest([n.region, coalesce(n.province, ''), '']) as region
    from names as n
    where n.is_complete
),

-- A name is cut between words of Latin letters, not within them: BOSCH is short for BOSCH REXROTH,
-- GENE is not short for GENENTECH.
spellings as (
    select distinct
        n.node,
        p.words
    from names as n
    inner join {{ ref('company_name_part') }} as p on n.name_key = p.name_key
    where n.is_complete and replace(p.words, ' ', '') = n.core
    union
    select
        n.node,
        n.core as words
    from names as n
    where n.is_complete
),

cuts as (
    select distinct
        s.node,
        replace(left(s.words, u.size), ' ', '') as cut
    from spellings as s
    cross join unnest(range(1, length(s.words) + 1)) as u (size)
    where not regexp_matches(substr(s.words, u.size, 2), '^[0-9A-ZÀ-ɏ]{2}$')
),

shortened as (
    select distinct
        p.node,
        p.region || c.cut as name_key,
        c.cut = p.core as is_whole_core
    from places as p
    inner join cuts as c on p.node = c.node
    where p.region <> '' or length(c.cut) > 1
),

-- Companies whose stronger identifier is on a record with the name.
beside as (
    select distinct
        o.node,
        o.is_complete,
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

allowed_beside as (
    select
        b.node,
        b.is_complete,
        b.account_key
    from beside as b
    anti join parted as p on b.node = p.node and b.account_key = p.account_key
),

-- A name with a legal form is a full name. It may leave out its region, but no part of its core:
-- 比亚迪股份有限公司 is not short for 比亚迪汽车工业有限公司.
full_fitting as (
    select distinct
        o.node,
        c.account_key
    from open_names as o
    inner join shortened as s on o.name_key = s.name_key and o.node <> s.node
    inner join {{ ref('company_node') }} as c on s.node = c.node
    anti join parted as p on o.node = p.node and c.account_key = p.account_key
    where o.is_complete and s.is_whole_core and not c.is_open
),

full_candidates as (
    {{ fitting_companies('full_fitting', true) }}
),

full_counted as (
    {{ counted_companies('full_candidates') }}
),

-- Full names, each with the company that it stands for, or itself.
owners as (
    select
        node,
        account_key
    from {{ ref('company_node') }}
    where not is_open
    union all
    select
        o.node,
        coalesce(f.account_key, o.node) as account_key
    from open_names as o
    left join full_counted as f on o.node = f.node
    where o.is_complete and coalesce(f.account_count, 1) = 1
),

short_fitting as (
    select distinct
        o.node,
        w.account_key
    from open_names as o
    inner join shortened as s on o.name_key = s.name_key and o.node <> s.node
    inner join owners as w on s.node = w.node
    anti join parted as p on o.node = p.node and w.account_key = p.account_key
    where not o.is_complete
),

short_candidates as (
    {{ fitting_companies('short_fitting', false) }}
),

counted as (
    select
        node,
        basis,
        account_count,
        account_key
    from full_counted
    union all
    {{ counted_companies('short_candidates') }}
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
