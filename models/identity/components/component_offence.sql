/*
description: Components that cannot be one person, because they hold two identifiers of a unique
  type, too many identifiers, or two identifiers that a human separated.
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
    inner join {{ ref('identifier_seen') }} as i on m.node = i.node
    inner join types as t on i.id_type = t.id_type
    group by m.component, t.id_type, t.is_unique, t.counts_to_size
)

select
    component,  -- Number of the least identifier of the component.
    'unique' as reason,  -- unique, size or unlink.
    id_type,  -- The unique type of which it holds several; else 'all'.
    identifier_count,  -- Number of identifiers that the component holds.
    cast(1 as bigint) as allowed_count  -- How many one person may have.
from held
where is_unique and identifier_count > 1
union all
select
    component,
    'size' as reason,
    'all' as id_type,
    cast(sum(identifier_count) as bigint) as identifier_count,
    cast({{ var('max_identifiers_per_person') }} as bigint) as allowed_count
from held
where counts_to_size
group by component
having sum(identifier_count) > {{ var('max_identifiers_per_person') }}
union all
select
    a.component,
    'unlink' as reason,
    'all' as id_type,
    2 * count(*) as identifier_count,
    cast(0 as bigint) as allowed_count
from {{ ref('decided_pair') }} as d
inner join members as a on d.node = a.node
inner join members as b on d.lesser_node = b.node and a.component = b.component
where d.decision = 'unlink'
group by a.component
