/*
description: The ID map of companies: whose each used identifier is. Names stand in it by their key.
grain: [id_type, id_value]
*/
with

nodes as (
    select
        n.node,
        n.account_key,
        false as is_short_name
    from {{ ref('company_node') }} as n
    where not n.is_open
    union all
    select
        node,
        account_key,
        account_count > 0 as is_short_name
    from {{ ref('short_name') }}
    where account_key is not null
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

-- The strongest identifier that each stands with, of its own company and of others.
weighed as (
    select
        e.node,
        min(i.strength) filter (where e.is_kept) as own_strength,
        min(i.strength) filter (where e.cut_reason = 'unique') as other_strength
    from ends as e
    inner join {{ ref('company_identifier') }} as i on e.other_node = i.node
    group by e.node
),

-- What is cut between two companies tells of neither: the domain of a group of them. Of the two
-- ends that is the weaker, unless it stands with something stronger of its own company: whoever
-- writes from another's domain takes no company its name.
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
    i.id_value,  -- The identifier; of a name its key, region and core.
    n.node,  -- The identifier within this release: its number in anchor order.
    n.account_key,  -- The company within this release: a number to join by.
    a.account_id,  -- The company: 'C' and 20 hex digits of the keyed hash of its oldest identifier.
    i.strength,  -- 1 is the strongest.
    i.first_landed_seq,  -- First landing that brought the identifier.
    n.node = n.account_key as is_anchor,  -- The identifier the ID is made of.
    c.node is not null
        as is_contested,  -- Cut between companies: a record with nothing else is nobody's.
    n.is_short_name  -- A short name (简称) that fits this company alone; it joins none.
from nodes as n
inner join anchors as a on n.account_key = a.account_key
inner join {{ ref('company_identifier') }} as i on n.node = i.node
left join contested as c on n.node = c.node
