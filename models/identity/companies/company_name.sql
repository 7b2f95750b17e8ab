/*
description: Every company name as it was written, and the company that it stands for.
grain: [company_name]
*/
with

keyed as (
    select
        p.company_name,
        p.name_key,
        p.region,
        p.core,
        p.is_complete,
        i.verdict,
        i.node
    from {{ ref('company_name_part') }} as p
    left join {{ ref('company_identifier') }} as i
        on i.id_type = 'company_name' and p.name_key = i.id_value
),

counted as (
    select
        company_name,
        sum(record_count) as record_count
    from {{ ref('company_combination') }}
    where company_name is not null
    group by company_name
)

select
    k.company_name,  -- Name as given.
    k.name_key,  -- Region and core. Names with the same key belong to one company.
    k.region,  -- Region in the name; empty = none.
    k.core,  -- The name without region and legal form.
    k.is_complete,  -- True = the name ends with a registered legal form.
    case
        when k.name_key is null then 'nameless'
        when k.verdict <> 'valid' then 'blocked'
        when m.is_short_name then 'short'
        when m.node is not null then 'own'
        when s.node is not null then 'ambiguous'
        else 'shared'
    end as resolution,  -- own, short (简称), ambiguous, shared, blocked or nameless.
    coalesce(s.account_count, 0) as fitting_count,  -- Number of companies that a short name fits.
    m.account_id,  -- The company that it stands for; NULL = none.
    cast(coalesce(c.record_count, 0) as bigint) as record_count  -- Number of current records.
from keyed as k
left join {{ ref('account_id') }} as m on m.id_type = 'company_name' and k.name_key = m.id_value
left join {{ ref('short_name') }} as s on k.node = s.node
left join counted as c on k.company_name = c.company_name
