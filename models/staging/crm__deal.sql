/*
description: Opportunities of the CRM; qualification, proposal and negotiation are open.
grain: [record_id]
*/
with

opportunities as (
    select
        opportunity_id,
        account_id,
        contact_id,
        stage,
        amount,
        product_id,
        campaign_id,
        owner,
        sdr,
        created_at,
        closed_at,
        _landed_seq
    from {{ source('crm', 'opportunities') }}
)

select
    'crm' as channel,
    'opportunities:' || opportunity_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    account_id as crm_account_id,
    opportunity_id as deal_id,
    1 as line_no,
    'opportunity' as kind,
    created_at as occurred_at,
    closed_at,
    case when stage in ('won', 'lost') then stage else 'open' end as status,
    amount,
    product_id,
    campaign_id,
    owner as staff_id,
    sdr as sdr_id
from opportunities
