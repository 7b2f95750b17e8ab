/*
description: Identifiers that links by humans alone put into one group; the human decisions, the
  latest first. Two logins of a group count as one.
grain: [node, lesser_node]
*/
{{ config(
    materialized='agglomerate', max_size=var('max_identifiers_per_person'), published=false
) }}
-- noqa: disable=LT02
with

pairs as (
    select
        node,
        lesser_node,
        case decision when 'link' then 1 else 2 end as kind,
        decided_at,
        cast(null as bigint) as strength,
        cast(null as timestamp) as first_seen_at
    from {{ ref('decided_pair') }}
),

-- All identifiers count as one component here.
nodes as (
    select
        node,
        0 as component,
        id_type,
        id_value
    from {{ ref('person_identifier') }}
    where verdict = 'valid'
),

{{ tried_in_order('person') }}
