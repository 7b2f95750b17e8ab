/*
description: A name to show for each company in the evidence of candidates; a full one if any is
  known.
grain: [account_key]
*/
{{ config(published=false) }}
select
    a.account_key,  -- Number of the company within this release.
    coalesce(
        min(p.company_name) filter (where p.is_complete), min(p.company_name)
    ) as company_name  -- Its name.
from {{ ref('account_id') }} as a
inner join {{ ref('company_name_part') }} as p
    on a.id_type = 'company_name' and a.id_value = p.name_key
group by a.account_key
