/*
description: The industry of each company, and of each person by the current company, for KPIs.
grain: [level, entity_key]
*/
{{ config(published=false, materialized='view') }}
with

industries as (
    select
        s.account_key,
        t.tag_value as industry
    from {{ ref('account_tag') }} as t
    inner join {{ ref('account_scope') }} as s on t.account_id = s.account_id
    where t.tag_code = 'industry'
)

select
    'account' as level,  -- account or person: whose key it is.
    account_key as entity_key,  -- Number of the company or person in this release.
    'industry' as dimension,  -- industry.
    industry as member  -- Industry of industries.csv, as the tag of the company says.
from industries
union all
select
    'person' as level,
    p.person_key as entity_key,
    'industry' as dimension,
    i.industry as member
from {{ ref('person_account') }} as p
inner join industries as i on p.account_key = i.account_key
where p.is_current
