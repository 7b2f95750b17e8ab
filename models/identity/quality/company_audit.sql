/*
description: What was kept out of companies, and why. A part of identity_audit.
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
    from {{ ref('company_identifier') }}
),

owners as (
    select
        node,
        account_id
    from {{ ref('account_id') }}
),

{{ audit_findings(
    ref('company_pair'), ref('company_shared_identifier'), ref('company_edge'), 'account_id'
) }},

ambiguous_names as (
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
),

{{ joined_findings(ref('company_join'), 'account_id') }}

select
    subject,  -- identifier or edge.
    reason,  -- Why, as in audit_reasons.csv.
    id_type,  -- Identifier type; for an edge that of one end.
    id_value,  -- The identifier.
    other_id_type,  -- Type of the other end of an edge; else the type that has too many.
    other_id_value,  -- The other end of an edge.
    account_id,  -- The company that it is listed with; NULL = none.
    other_account_id,  -- The company on the other side of a cut.
    counted,  -- Number of records that carry it, or of neighbours, companies that were found.
    allowed,  -- How many are allowed.
    detail,  -- Why it is blocked, which channels brought it, or how a short name fits.
    sample  -- Some of the neighbours that were counted.
from findings
union all
{{ audit_rows('ambiguous_names', 'account_id') }}
union all
{{ audit_rows('joined', 'account_id') }}
