/*
description: Who a dealer says was visited; no number of a mobile, only the desk, the house and the firm.
grain: [record_id]
*/
select
    'dealers' as channel,
    'visits:' || visit_id as record_id,
    _landed_seq as landed_seq,
    landline,
    address,
    {{ normal_company_name('company') }} as company_name,
    visited_at as observed_at,
    name as full_name
from {{ source('dealers', 'visits') }}
