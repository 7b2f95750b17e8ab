/*
description: Companies, built edge by edge. Human decisions come first, the latest first; then
  edges, the strongest first. An edge that would merge two companies is cut.
grain: [node, lesser_node]
*/
{{ config(
    materialized='agglomerate', max_size=var('max_identifiers_per_company'), published=false
) }}
-- noqa: disable=LT02
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

-- All identifiers count as one component here.
nodes as (
    select
        node,
        0 as component,
        id_type,
        id_value
    from {{ ref('company_identifier') }}
    where verdict = 'valid'
),

{{ tried_in_order('company', {'is_seen': 'Records show the pair.'}) }}
