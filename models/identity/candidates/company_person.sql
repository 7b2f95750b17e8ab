/*
description: The people on whose contact records a company is named, before candidates join by
  themselves.
grain: [cluster_key, person_key]
*/
{{ config(published=false) }}
with

named as (
    select
        c.channel,
        c.record_id,
        'company_name' as id_type,
        p.name_key as id_value
    from {{ ref('contact') }} as c
    inner join {{ ref('company_name_part') }} as p on c.company_name = p.company_name
    where p.name_key is not null
    union all
    select
        channel,
        record_id,
        'crm_account_id' as id_type,
        crm_account_id as id_value
    from {{ ref('contact') }}
    where crm_account_id is not null
)

select distinct
    m.cluster_key,  -- The company within this release.
    k.cluster_key as person_key  -- A person who named it.
from named as n
inner join {{ ref('contact_cluster') }} as k
    on n.channel = k.channel and n.record_id = k.record_id
inner join {{ ref('company_identifier') }} as i
    on n.id_type = i.id_type and n.id_value = i.id_value
inner join {{ ref('company_cluster') }} as m on i.node = m.node
