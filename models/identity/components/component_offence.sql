/*
description: Components that cannot be one person, because they hold two identifiers of a unique
  type that links do not join, too many identifiers, or two identifiers that a human separated.
grain: [component, reason, id_type]
*/
{{ config(published=false) }}
with

members as (
    select
        node,
        parent as component
    from {{ ref('component') }}
    union
    select
        parent as node,
        parent as component
    from {{ ref('component') }}
),

types as (
    select
        id_type,
        is_unique = 'true' as is_unique,
        counts_to_size = 'true' as counts_to_size
    from {{ ref('identifier_types') }}
),

held as (
    select
        m.component,
        t.id_type,
        t.is_unique,
        t.counts_to_size,
        count(*) as identifier_count
    from members as m
    inner join {{ ref('person_identifier') }} as i on m.node = i.node
    inner join types as t on i.id_type = t.id_type
    group by m.component, t.id_type, t.is_unique, t.counts_to_size
),

several as (
    select
        component,
        id_type,
        identifier_count
    from held
    where is_unique and identifier_count > 1
),

linked as (
    select
        node,
        node_group as link_group
    from {{ ref('decided_group') }}
    where kind = 1
    union
    select
        lesser_node as node,
        lesser_group as link_group
    from {{ ref('decided_group') }}
    where kind = 1
),

-- Identifiers that links alone join count as one.
apart as (
    select
        s.component,
        s.id_type
    from several as s
    inner join members as m on s.component = m.component
    inner join {{ ref('person_identifier') }} as i on m.node = i.node and s.id_type = i.id_type
    left join linked as l on m.node = l.node
    group by s.component, s.id_type
    having count(distinct coalesce(l.link_group, m.node)) > 1
),

large as (
    select
        component,
        cast(sum(identifier_count) as bigint) as identifier_count
    from held
    where counts_to_size
    group by component
    having sum(identifier_count) > {{ var('max_identifiers_per_person') }}
),

unlinked as (
    select
        a.component,
        2 * count(*) as identifier_count
    from {{ ref('decided_pair') }} as d
    inner join members as a on d.node = a.node
    inner join members as b on d.lesser_node = b.node and a.component = b.component
    where d.decision = 'unlink'
    group by a.component
),

offending as (
    select component
    from apart
    union
    select component
    from large
    union
    select component
    from unlinked
)

select
    s.component,  -- Number of the least identifier of the component.
    'unique' as reason,  -- unique, size or unlink.
    s.id_type,  -- The unique type of which it holds several; else 'all'.
    s.identifier_count,  -- Number of identifiers that the component holds.
    cast(1 as bigint) as allowed_count  -- How many one person may have.
from several as s
inner join offending as o on s.component = o.component
union all
select
    component,
    'size' as reason,
    'all' as id_type,
    identifier_count,
    cast({{ var('max_identifiers_per_person') }} as bigint) as allowed_count
from large
union all
select
    component,
    'unlink' as reason,
    'all' as id_type,
    identifier_count,
    cast(0 as bigint) as allowed_count
from unlinked
