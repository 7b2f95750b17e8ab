/*
description: The first contact of a lead is a form on a landing page.
grain: [record_id]
*/
with

leads as (
    select
        mql_id,
        first_contact_date,
        landing_page_id,
        origin,
        _landed_seq
    from {{ source('olist', 'leads') }}
)

select
    'olist' as channel,
    'leads:' || mql_id as record_id,
    _landed_seq as landed_seq,
    mql_id as crm_contact_id,
    fn_local_midnight(first_contact_date) as occurred_at,
    'register' as behaviour,
    'form_submit' as action,
    'inbound' as direction,
    'web' as medium,
    landing_page_id as content_id,
    origin as campaign_id
from leads
