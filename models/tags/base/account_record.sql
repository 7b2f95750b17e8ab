/*
description: What channels know about known companies, with the number of the company.
grain: [channel, record_id]
*/
{{ config(published=false) }}
select
    c.channel,  -- Channel code.
    c.record_id,  -- [pii] The exported row.
    r.account_key,  -- Number of the company in this release; joins identity.account.
    c.observed_at,  -- When the channel knew this (UTC).
    c.company_name,  -- Company name, as given.
    c.industry,  -- Industry, as given.
    c.size,  -- Size class, as given.
    c.province  -- Province, as given.
from {{ ref('company') }} as c
inner join {{ ref('record_company') }} as r
    on c.channel = r.channel and c.record_id = r.record_id
