/*
description: What was kept out of people and companies, and why; blocked, shared and contested
  identifiers, ambiguous short names, cut edges, and components that cannot be one person.
grain: [subject, reason, id_type, id_value, other_id_type, other_id_value]
*/
with

findings as (
    {{ audit_rows(ref('person_audit'), 'one_id') }}
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
    f.subject,  -- identifier, edge or component.
    f.reason,  -- Why, as in audit_reasons.csv.
    r.name_zh as reason_zh,  -- The same in Chinese.
    f.id_type,  -- Identifier type; for an edge that of one end, for a component that of its oldest.
    f.id_value,  -- [pii] The identifier.
    f.other_id_type,  -- Type of the other end of an edge; else the type that has too many.
    f.other_id_value,  -- [pii] The other end of an edge.
    f.one_id,  -- The person (P…) or company (C…) that it is listed with; NULL = none.
    f.other_one_id,  -- The person or company on the other side of a cut.
    f.counted,  -- Number of records that carry it, or of neighbours, people, identifiers found.
    f.allowed,  -- How many are allowed.
    f.detail,  -- Why it is blocked, which channels brought it, or how it is contested.
    f.sample  -- [pii] Some of the neighbours, people or identifiers that were counted.
from findings as f
inner join {{ ref('audit_reasons') }} as r on f.reason = r.reason
