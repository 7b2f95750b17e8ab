/*
description: Sellers who asked to sell on the marketplace; their origin is the campaign, missing stays missing.
grain: [record_id]
*/
with

leads as (
    select
        mql_id,
        first_contact_date,
        origin,
        _landed_seq
    from {{ source('olist', 'leads') }}
)

select
    'olist' as channel,
    'leads:' || mql_id as record_id,
    _landed_seq as landed_seq,
    mql_id as crm_contact_id,
    fn_local_midnight(first_contact_date) as observed_at,
    origin as source_campaign_id
from leads
