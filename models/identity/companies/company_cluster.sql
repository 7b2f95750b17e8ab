/*
description: The company that each identifier belongs to by records, short names and human
  decisions, before candidates join by themselves (join_candidates_from).
grain: [node]
*/
{{ config(published=false) }}
select
    n.node,  -- Number of the identifier.
    n.account_key as cluster_key,  -- The company within this release.
    false as is_short_name  -- True = a short name (简称) that fits only this company.
from {{ ref('company_node') }} as n
where not n.is_open
union all
select
    node,
    account_key as cluster_key,
    account_count > 0 as is_short_name
from {{ ref('short_name') }}
where account_key is not null
