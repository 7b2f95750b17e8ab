/*
description: Companies from their edges; first what humans decided, the latest first, then edges,
  strongest first. What would make one of two companies is cut.
grain: [node, lesser_node]
*/
{{ config(
    materialized='agglomerate', max_size=var('max_identifiers_per_company'), published=false
) }}
{%- set stands_first =
    'a.id_type < b.id_type or (a.id_type = b.id_type and a.id_value < b.id_value)' %}
-- noqa: disable=LT02,LT05
with

shared as (
    select distinct node
    from {{ ref('company_shared_identifier') }}
),

seen as (
    select
        p.node,
        p.lesser_node,
        p.strength,
        p.first_seen_at
    from {{ ref('company_pair') }} as p
    anti join shared as a on p.node = a.node
    anti join shared as b on p.lesser_node = b.node
),

pairs as (
    select
        coalesce(d.node, s.node) as node,
        coalesce(d.lesser_node, s.lesser_node) as lesser_node,
        case when d.node is null then s.strength end as strength,
        case when d.node is null then s.first_seen_at end as first_seen_at,
        d.decided_at,
        case d.decision when 'link' then 1 when 'unlink' then 2 else 0 end as kind,
        s.node is not null as is_seen
    from seen as s
    full outer join {{ ref('decided_company_pair') }} as d
        on s.node = d.node and s.lesser_node = d.lesser_node
),

unique_types as (
    select
        id_type,
        row_number() over (order by id_type) as unique_no
    from {{ ref('identifier_types') }}
    where is_unique = 'true' and entity = 'company'
),

nodes as (
    select
        i.node,
        i.id_type,
        i.id_value,
        coalesce(u.unique_no, 0) as unique_no,
        case when t.counts_to_size = 'true' then 1 else 0 end as size
    from {{ ref('company_identifier') }} as i
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
    left join unique_types as u on i.id_type = u.id_type
    where i.verdict = 'valid'
),

edges as (
    select
        p.node,
        p.lesser_node,
        p.kind,
        p.is_seen,
        p.decided_at,
        p.strength,
        p.first_seen_at,
        least(a.id_type, b.id_type) as first_type,
        case when {{ stands_first }} then a.id_value else b.id_value end as first_value,
        greatest(a.id_type, b.id_type) as last_type,
        case when {{ stands_first }} then b.id_value else a.id_value end as last_value,
        a.unique_no as node_unique,
        b.unique_no as lesser_unique,
        a.size as node_size,
        b.size as lesser_size
    from pairs as p
    inner join nodes as a on p.node = a.node
    inner join nodes as b on p.lesser_node = b.node
)

select
    row_number() over (
        order by
            case when kind = 0 then 1 else 0 end asc, decided_at desc nulls last, kind desc,
            strength asc, first_seen_at asc nulls last, first_type asc, first_value asc,
            last_type asc, last_value asc
    ) as edge_no,  -- Order in which they are tried.
    kind,  -- 0: seen together on records; 1: linked by a human; 2: unlinked by a human.
    is_seen,  -- Records show the pair.
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    node_unique,  -- Number of the unique type of the one; 0 = its type is not unique.
    lesser_unique,  -- Number of the unique type of the other.
    node_size,  -- 1 = the one counts to the size of a company.
    lesser_size  -- 1 = the other counts.
from edges
