/*
description: What did not join companies, and why; a part of identity_audit.
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
        node
    from {{ ref('company_identifier') }}
),

{{ sampled_neighbours(ref('company_pair'), ref('company_shared_identifier')) }},

owners as (
    select
        account_key,
        account_id
    from {{ ref('account_id') }}
    where is_anchor
)

select
    'identifier' as subject,  -- identifier or edge.
    i.verdict as reason,  -- Why, as in audit_reasons.csv.
    i.id_type,  -- Type of the identifier; of an edge, of one end.
    i.id_value,  -- The identifier.
    cast(null as varchar) as other_id_type,  -- Of an edge, the other end; else the type too many.
    cast(null as varchar) as other_id_value,  -- The other end of an edge.
    cast(null as varchar) as account_id,  -- The company it is listed with; NULL = none.
    cast(null as varchar) as other_account_id,  -- The company on the other side of a cut.
    i.record_count as counted,  -- Records that carry it, or neighbours, companies there are.
    cast(null as bigint) as allowed,  -- How many one company's may have.
    i.blocked_why as detail,  -- Why it is blocked, or which channels.
    cast(null as varchar) as sample  -- Some of the neighbours that were counted.
from identifiers as i
where i.verdict <> 'valid'
union all
select
    'identifier' as subject,
    'shared' as reason,
    i.id_type,
    i.id_value,
    s.neighbour_type as other_id_type,
    cast(null as varchar) as other_id_value,
    cast(null as varchar) as account_id,
    cast(null as varchar) as other_account_id,
    s.neighbour_count as counted,
    s.max_neighbours as allowed,
    cast(null as varchar) as detail,
    string_agg(m.id_value, ', ' order by m.id_value) as sample
from {{ ref('company_shared_identifier') }} as s
inner join identifiers as i on s.node = i.node
inner join shared_samples as m
    on
        s.node = m.node
        and s.neighbour_type = m.neighbour_type
        and m.sample_no <= {{ var('audit_samples') }}
group by i.id_type, i.id_value, s.neighbour_type, s.neighbour_count, s.max_neighbours
union all
select
    'identifier' as subject,
    'ambiguous_name' as reason,
    i.id_type,
    i.id_value,
    cast(null as varchar) as other_id_type,
    cast(null as varchar) as other_id_value,
    cast(null as varchar) as account_id,
    cast(null as varchar) as other_account_id,
    s.account_count as counted,
    cast(1 as bigint) as allowed,
    s.basis as detail,
    cast(null as varchar) as sample
from {{ ref('short_name') }} as s
inner join identifiers as i on s.node = i.node
where s.account_key is null
union all
select
    'edge' as subject,
    'cut_' || e.cut_reason as reason,
    a.id_type,
    a.id_value,
    b.id_type as other_id_type,
    b.id_value as other_id_value,
    oa.account_id,
    ob.account_id as other_account_id,
    cast(null as bigint) as counted,
    cast(null as bigint) as allowed,
    e.channels as detail,
    cast(null as varchar) as sample
from {{ ref('company_edge') }} as e
inner join identifiers as a on e.node = a.node
inner join identifiers as b on e.lesser_node = b.node
inner join {{ ref('company_node') }} as na on e.node = na.node
inner join {{ ref('company_node') }} as nb on e.lesser_node = nb.node
inner join owners as oa on na.account_key = oa.account_key
inner join owners as ob on nb.account_key = ob.account_key
where not e.is_kept
