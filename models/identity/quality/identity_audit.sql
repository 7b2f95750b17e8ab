/*
description: What did not join people or companies, and why; blocked, shared and contested
  identifiers, short names that fit several, cut edges, components that no person can be.
grain: [subject, reason, id_type, id_value, other_id_type, other_id_value]
*/
with

identifiers as (
    select
        id_type,
        id_value,
        verdict,
        blocked_why,
        record_count,
        strength,
        node
    from {{ ref('identifier_seen') }}
),

owners as (
    select
        i.node,
        i.one_id
    from {{ ref('one_id') }} as i
),

refused as (
    select
        'identifier' as subject,
        verdict as reason,
        id_type,
        id_value,
        record_count as counted,
        cast(null as bigint) as allowed,
        blocked_why as detail
    from identifiers
    where verdict <> 'valid'
),

{{ sampled_neighbours(ref('raw_edge'), ref('shared_identifier')) }},

shared as (
    select
        'identifier' as subject,
        'shared' as reason,
        i.id_type,
        i.id_value,
        s.neighbour_type,
        s.neighbour_count,
        s.max_neighbours,
        string_agg(m.id_value, ', ' order by m.id_value) as sample
    from {{ ref('shared_identifier') }} as s
    inner join identifiers as i on s.node = i.node
    inner join shared_samples as m
        on
            s.node = m.node
            and s.neighbour_type = m.neighbour_type
            and m.sample_no <= {{ var('audit_samples') }}
    group by
        i.id_type, i.id_value, s.neighbour_type, s.neighbour_count, s.max_neighbours
),

holders as (
    select
        node,
        person_key,
        is_handed_on,
        row_number() over (partition by node order by person_key) <= {{ var('audit_samples') }}
            as is_example
    from {{ ref('contested_tenure') }}
),

contested as (
    select
        'identifier' as subject,
        'contested' as reason,
        i.id_type,
        i.id_value,
        count(*) as counted,
        max(case when t.is_handed_on then 'handed on' else 'at the same time' end) as detail,
        string_agg(o.one_id, ', ' order by o.one_id) filter (where t.is_example) as sample
    from holders as t
    inner join identifiers as i on t.node = i.node
    inner join owners as o on t.person_key = o.node
    group by i.id_type, i.id_value
),

cuts as (
    select
        'edge' as subject,
        'cut_' || e.cut_reason as reason,
        a.id_type,
        a.id_value,
        b.id_type as other_id_type,
        b.id_value as other_id_value,
        e.channels as detail,
        oa.one_id,
        ob.one_id as other_one_id
    from {{ ref('edge') }} as e
    inner join identifiers as a on e.node = a.node
    inner join identifiers as b on e.lesser_node = b.node
    inner join owners as oa on e.node = oa.node
    inner join owners as ob on e.lesser_node = ob.node
    where not e.is_kept
),

members as (
    select
        f.component,
        i.id_value,
        row_number() over (partition by f.component order by i.strength, i.node) as sample_no
    from (select distinct component from {{ ref('component_offence') }}) as f
    inner join {{ ref('component') }} as c on f.component = c.parent
    inner join identifiers as i on c.node = i.node
),

component_samples as (
    select
        component,
        string_agg(id_value, ', ' order by id_value) as sample
    from members
    where sample_no <= {{ var('audit_samples') }}
    group by component
),

-- What humans linked may be more than a person has; it is no finding while nothing is cut.
cut_components as (
    select distinct coalesce(c.parent, e.node) as component
    from {{ ref('edge') }} as e
    left join {{ ref('component') }} as c on e.node = c.node
    where not e.is_kept
),

components as (
    select
        'component' as subject,
        'component_' || f.reason as reason,
        i.id_type,
        i.id_value,
        f.identifier_count as counted,
        f.allowed_count as allowed,
        f.id_type as detail,
        o.one_id,
        s.sample
    from {{ ref('component_offence') }} as f
    inner join identifiers as i on f.component = i.node
    inner join owners as o on f.component = o.node
    inner join component_samples as s on f.component = s.component
    semi join cut_components as x on f.component = x.component
    where f.reason <> 'unlink'
),

audit as (
    select
        subject,
        reason,
        id_type,
        id_value,
        cast(null as varchar) as other_id_type,
        cast(null as varchar) as other_id_value,
        cast(null as varchar) as one_id,
        cast(null as varchar) as other_one_id,
        counted,
        allowed,
        detail,
        cast(null as varchar) as sample
    from refused
    union all
    select
        subject,
        reason,
        id_type,
        id_value,
        neighbour_type as other_id_type,
        cast(null as varchar) as other_id_value,
        cast(null as varchar) as one_id,
        cast(null as varchar) as other_one_id,
        neighbour_count as counted,
        max_neighbours as allowed,
        cast(null as varchar) as detail,
        sample
    from shared
    union all
    select
        c.subject,
        c.reason,
        c.id_type,
        c.id_value,
        cast(null as varchar) as other_id_type,
        cast(null as varchar) as other_id_value,
        o.one_id,
        cast(null as varchar) as other_one_id,
        c.counted,
        cast(1 as bigint) as allowed,
        c.detail,
        c.sample
    from contested as c
    inner join {{ ref('one_id') }} as o on c.id_type = o.id_type and c.id_value = o.id_value
    union all
    select
        subject,
        reason,
        id_type,
        id_value,
        other_id_type,
        other_id_value,
        one_id,
        other_one_id,
        cast(null as bigint) as counted,
        cast(null as bigint) as allowed,
        detail,
        cast(null as varchar) as sample
    from cuts
    union all
    select
        subject,
        reason,
        id_type,
        id_value,
        detail as other_id_type,
        cast(null as varchar) as other_id_value,
        one_id,
        cast(null as varchar) as other_one_id,
        counted,
        allowed,
        cast(null as varchar) as detail,
        sample
    from components
    union all
    select
        subject,
        reason,
        id_type,
        id_value,
        other_id_type,
        other_id_value,
        account_id as one_id,
        other_account_id as other_one_id,
        counted,
        allowed,
        detail,
        sample
    from {{ ref('company_audit') }}
)

select
    a.subject,  -- identifier, edge or component.
    a.reason,  -- Why, as in audit_reasons.csv.
    r.name_zh as reason_zh,  -- The same in Chinese.
    a.id_type,  -- Type of the identifier; of an edge, of one end; of a component, of its oldest.
    a.id_value,  -- [pii] The identifier.
    a.other_id_type,  -- Of an edge, the other end; else the type that is too many.
    a.other_id_value,  -- [pii] The other end of an edge.
    a.one_id,  -- The person (P…) or company (C…) it is listed with; NULL = nobody.
    a.other_one_id,  -- The person or company on the other side of a cut.
    a.counted,  -- Records that carry it, or neighbours, people, identifiers there are.
    a.allowed,  -- How many one person's may have.
    a.detail,  -- Why it is blocked, which channels, or in which way it is contested.
    a.sample  -- [pii] Some of the neighbours, people or identifiers that were counted.
from audit as a
inner join {{ ref('audit_reasons') }} as r on a.reason = r.reason
