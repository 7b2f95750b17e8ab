/*
description: The person that each contact record belongs to, by its strongest identifier that was
  not cut between people, before candidates join by themselves.
grain: [channel, record_id]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

-- What was cut between two people identifies neither.
cut as (
    select node
    from {{ ref('edge') }}
    where cut_reason = 'unique'
    union
    select lesser_node as node
    from {{ ref('edge') }}
    where cut_reason = 'unique'
),

cut_weak as (
    select c.node
    from cut as c
    inner join {{ ref('identifier_seen') }} as i on c.node = i.node
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
    where t.is_unique <> 'true'
),

combination_cluster as (
    select
        i.combination_id,
        c.cluster_key
    from {{ ref('combination_identifier') }} as i
    inner join {{ ref('identifier_seen') }} as s
        on i.id_type = s.id_type and i.id_value = s.id_value
    inner join {{ ref('node_cluster') }} as c on s.node = c.node
    anti join cut_weak as x on c.node = x.node
    qualify
        row_number() over (partition by i.combination_id order by s.strength, s.node) = 1
)

select
    r.channel,  -- Channel code.
    r.record_id,  -- [pii] The exported row.
    min(k.cluster_key) as cluster_key  -- The person within this release.
from {{ ref('record_combination') }} as r
inner join combination_cluster as k on r.combination_id = k.combination_id
where r.shape = 'contact' and r.state = 'current'
group by r.channel, r.record_id
