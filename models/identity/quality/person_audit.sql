/*
description: What was kept out of people, and why. A part of identity_audit.
grain: [subject, reason, id_type, id_value, other_id_type, other_id_value]
*/
{{ config(published=false) }}
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
    from {{ ref('person_identifier') }}
),

owners as (
    select
        node,
        one_id
    from {{ ref('one_id') }}
),

{{ audit_findings(ref('raw_edge'), ref('shared_identifier'), ref('edge'), 'one_id') }},

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
        cast(null as varchar) as other_id_type,
        cast(null as varchar) as other_id_value,
        w.one_id,
        cast(null as varchar) as other_one_id,
        count(*) as counted,
        cast(1 as bigint) as allowed,
        max(case when h.is_handed_on then 'handed on' else 'at the same time' end) as detail,
        string_agg(o.one_id, ', ' order by o.one_id) filter (where h.is_example) as sample
    from holders as h
    inner join identifiers as i on h.node = i.node
    inner join owners as w on h.node = w.node
    inner join owners as o on h.person_key = o.node
    group by i.id_type, i.id_value, w.one_id
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

-- Links by humans may exceed the limits of a person. That is reported only where something was cut.
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
        f.id_type as other_id_type,
        cast(null as varchar) as other_id_value,
        o.one_id,
        cast(null as varchar) as other_one_id,
        f.identifier_count as counted,
        f.allowed_count as allowed,
        cast(null as varchar) as detail,
        s.sample
    from {{ ref('component_offence') }} as f
    inner join identifiers as i on f.component = i.node
    inner join owners as o on f.component = o.node
    inner join component_samples as s on f.component = s.component
    semi join cut_components as x on f.component = x.component
    where f.reason <> 'unlink'
),

{{ joined_findings(ref('person_join'), 'one_id') }}

select
    subject,  -- identifier, edge or component.
    reason,  -- Why, as in audit_reasons.csv.
    id_type,  -- Identifier type; of one end of an edge, or of the oldest of a component.
    id_value,  -- [pii] The identifier.
    other_id_type,  -- Type of the other end of an edge; else the type that has too many.
    other_id_value,  -- [pii] The other end of an edge.
    one_id,  -- The person that it is listed with; NULL = none.
    other_one_id,  -- The person on the other side of a cut.
    counted,  -- Number of records that carry it, or of neighbours, people or identifiers found.
    allowed,  -- How many are allowed.
    detail,  -- Why it is blocked, which channels brought it, or how it is contested.
    sample  -- [pii] Some of the neighbours, people or identifiers that were counted.
from findings
union all
{{ audit_rows('contested', 'one_id') }}
union all
{{ audit_rows('components', 'one_id') }}
union all
{{ audit_rows('joined', 'one_id') }}
