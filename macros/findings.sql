{#- What person_audit and company_audit have in common. Both have the CTEs `identifiers` (as in identifier_seen) and
    `owners` (node and ID). -#}

{#- CTEs up to `findings`: identifiers that are not valid, shared identifiers with some of their neighbours, and cut
    edges of `edges`. `id` is the column of the ID. -#}
{%- macro audit_findings(pairs, shared, edges, id) -%}
refused as (
    select
        'identifier' as subject,
        verdict as reason,
        id_type,
        id_value,
        cast(null as varchar) as other_id_type,
        cast(null as varchar) as other_id_value,
        cast(null as varchar) as {{ id }},
        cast(null as varchar) as other_{{ id }},
        record_count as counted,
        cast(null as bigint) as allowed,
        blocked_why as detail,
        cast(null as varchar) as sample
    from identifiers
    where verdict <> 'valid'
),

{{ both_ways(pairs) }},

-- The neighbours of each shared identifier that are of the type that is too many, numbered.
neighbour_samples as (
    select
        s.node,
        s.neighbour_type,
        i.id_value,
        row_number() over (
            partition by s.node, s.neighbour_type order by n.neighbour
        ) as sample_no
    from {{ shared }} as s
    inner join neighbours as n on s.node = n.node
    inner join identifiers as i on n.neighbour = i.node and s.neighbour_type = i.id_type
),

shared as (
    select
        'identifier' as subject,
        'shared' as reason,
        i.id_type,
        i.id_value,
        s.neighbour_type as other_id_type,
        cast(null as varchar) as other_id_value,
        cast(null as varchar) as {{ id }},
        cast(null as varchar) as other_{{ id }},
        s.neighbour_count as counted,
        s.max_neighbours as allowed,
        cast(null as varchar) as detail,
        string_agg(m.id_value, ', ' order by m.id_value) as sample
    from {{ shared }} as s
    inner join identifiers as i on s.node = i.node
    left join neighbour_samples as m
        on
            s.node = m.node
            and s.neighbour_type = m.neighbour_type
            and m.sample_no <= {{ var('audit_samples') }}
    group by i.id_type, i.id_value, s.neighbour_type, s.neighbour_count, s.max_neighbours
),

cuts as (
    select
        'edge' as subject,
        'cut_' || e.cut_reason as reason,
        a.id_type,
        a.id_value,
        b.id_type as other_id_type,
        b.id_value as other_id_value,
        oa.{{ id }},
        ob.{{ id }} as other_{{ id }},
        cast(null as bigint) as counted,
        cast(null as bigint) as allowed,
        e.channels as detail,
        cast(null as varchar) as sample
    from {{ edges }} as e
    inner join identifiers as a on e.node = a.node
    inner join identifiers as b on e.lesser_node = b.node
    inner join owners as oa on e.node = oa.node
    inner join owners as ob on e.lesser_node = ob.node
    where not e.is_kept
),

findings as (
    {{ audit_rows('refused', id) }}
    union all
    {{ audit_rows('shared', id) }}
    union all
    {{ audit_rows('cuts', id) }}
)
{%- endmacro -%}

{#- The rows of a CTE of findings. -#}
{%- macro audit_rows(findings, id) -%}
select
    subject,
    reason,
    id_type,
    id_value,
    other_id_type,
    other_id_value,
    {{ id }},
    other_{{ id }},
    counted,
    allowed,
    detail,
    sample
from {{ findings }}
{%- endmacro -%}
