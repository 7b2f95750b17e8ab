/*
description: Who got a delivery, and where.
grain: [record_id]
*/
select
    'shop' as channel,
    'deliveries:' || delivery_id as record_id,
    _landed_seq as landed_seq,
    fn_folded(name) as person_name,
    {{ normal_address('address') }} as address,
    delivered_at as observed_at,
    name as full_name
from {{ source('shop', 'deliveries') }}
