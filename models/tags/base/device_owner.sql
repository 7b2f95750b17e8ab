/*
description: Devices of known companies (安装基数), with product line and warranty.
grain: [channel, record_id]
*/
{{ config(published=false) }}
select
    d.channel,  -- Channel code.
    d.record_id,  -- [pii] The exported row.
    r.account_key,  -- Number of the company in this release; joins identity.account.
    r.account_id,  -- The company.
    p.product_line,  -- Product line; NULL = unknown.
    d.sold_date,  -- Business date of the sale; NULL = unknown.
    d.warranty_until,  -- Last day of the warranty; NULL = unknown.
    d.observed_at  -- When the channel knew this (UTC).
from {{ ref('device') }} as d
inner join {{ ref('record_person') }} as r
    on d.channel = r.channel and d.record_id = r.record_id
left join {{ ref('products') }} as p on d.product_id = p.product_id
where r.account_key is not null
