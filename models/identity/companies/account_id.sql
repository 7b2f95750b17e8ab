/*
description: The ID map of companies; the company that each used identifier belongs to. A name is
  listed by its key.
grain: [id_type, id_value]
*/
with

nodes as (
    select
        c.node,
        coalesce(j.left_key, c.cluster_key) as account_key,
        c.is_short_name
    from {{ ref('company_cluster') }} as c
    left join {{ ref('company_join') }} as j on c.cluster_key = j.right_key
),

anchors as (
    select
        n.account_key,
        {{ id_of('C', 'i.id_type', 'i.id_value') }} as account_id
    from nodes as n
    inner join {{ ref('company_identifier') }} as i on n.node = i.node
    where n.node = n.account_key
),

ends as (
    select
        node,
        lesser_node as other_node,
        is_kept,
        cut_reason
    from {{ ref('company_edge') }}
    union all
    select
        lesser_node as node,
        node as other_node,
        is_kept,
        cut_reason
    from {{ ref('company_edge') }}
),

-- The strength of the strongest neighbour in the own company, and in other companies.
weighed as (
    select
        e.node,
        min(i.strength) filter (where e.is_kept) as own_strength,
        min(i.strength) filter (where e.cut_reason = 'unique') as other_strength
    from ends as e
    inner join {{ ref('company_identifier') }} as i on e.other_node = i.node
    group by e.node
),

-- An identifier that is cut between two companies identifies neither, such as the domain of a group
-- of companies. The weaker end of the cut is contested, unless it has a stronger neighbour in its
-- own company: a person who writes from the domain of another company does not take its name away.
contested as (
    select distinct e.node
    from ends as e
    inner join {{ ref('company_identifier') }} as a on e.node = a.node
    inner join {{ ref('company_identifier') }} as b on e.other_node = b.node
    inner join weighed as w on e.node = w.node
    where
        e.cut_reason = 'unique'
        and a.strength >= b.strength
        and (w.own_strength is null or w.other_strength <= w.own_strength)
)

select
    i.id_type,  -- Identifier type.
    i.id_value,  -- The identifier; for a name its key (region and core).
    n.node,  -- Number of the identifier in this release, in anchor order.
    n.account_key,  -- Number of the company in this release, for joins.
    a.account_id,  -- The company: 'C' and 20 hex digits of the keyed hash of its oldest identifier.
    i.strength,  -- 1 is the strongest.
    i.first_landed_seq,  -- First landing that brought the identifier.
    n.node = n.account_key as is_anchor,  -- True = the identifier that the ID is derived from.
    c.node is not null
        as is_contested,  -- True = cut between companies; alone it gives a record no company.
    n.is_short_name  -- True = a short name (简称) that fits only this company. It joins no others.
from nodes as n
inner join anchors as a on n.account_key = a.account_key
inner join {{ ref('company_identifier') }} as i on n.node = i.node
left join contested as c on n.node = c.node
