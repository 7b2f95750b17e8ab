/*
description: The company that each identifier belongs to, by numbers, before short names are
  resolved. The number of a company is the least number of its identifiers, the anchor.
grain: [node]
*/
{{ config(published=false) }}
with

grouped as (
    select
        node,
        node_group as account_key
    from {{ ref('company_agglomeration') }}
    union
    select
        lesser_node as node,
        lesser_group as account_key
    from {{ ref('company_agglomeration') }}
),

-- Identifiers with a kept edge or a link.
joined as (
    select node
    from {{ ref('company_agglomeration') }}
    where kind < 2 and is_kept
    union
    select lesser_node as node
    from {{ ref('company_agglomeration') }}
    where kind < 2 and is_kept
),

{{ shared_and_unlinked(ref('company_shared_identifier'), ref('decided_company_pair')) }}

select
    i.node,  -- Number of the identifier.
    coalesce(g.account_key, i.node) as account_key,  -- The company within this release.
    i.id_type = 'company_name'
    and not (i.is_complete and i.is_placed)
    and j.node is null
        as is_open  -- True = a name without a stronger identifier; it may be a short name.
from {{ ref('company_identifier') }} as i
left join grouped as g on i.node = g.node
left join joined as j on i.node = j.node
anti join shared as s on i.node = s.node
where i.verdict = 'valid'
