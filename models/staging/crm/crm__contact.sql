/*
description: Contacts that staff keep in the CRM.
grain: [record_id]
*/
{{ config(restate='record') }}
with

contacts as (
    select
        contact_id,
        account_id,
        full_name,
        mobile,
        email,
        title,
        province,
        city,
        consent,
        source_campaign_id,
        referrer_contact_id,
        updated_at,
        _landed_seq
    from {{ source('crm', 'contacts') }}
)

select
    'crm' as channel,
    'contacts:' || contact_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_email('email') }} as email,
    account_id as crm_account_id,
    updated_at as observed_at,
    nullif(trim(full_name), '') as full_name,
    title,
    province,
    city,
    consent,
    source_campaign_id,
    'staff_remark' as mobile_source,
    case when referrer_contact_id is not null then 'crm_contact_id' end as referrer_type,
    referrer_contact_id as referrer_value
from contacts
