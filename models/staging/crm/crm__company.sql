/*
description: Accounts of the CRM.
grain: [record_id]
*/
{{ config(restate='record') }}
with

accounts as (
    select
        account_id,
        account_name,
        credit_code,
        email_domain,
        industry,
        company_size,
        province,
        account_type,
        updated_at,
        _landed_seq
    from {{ source('crm', 'accounts') }}
)

select
    'crm' as channel,
    'accounts:' || account_id as record_id,
    _landed_seq as landed_seq,
    account_id as crm_account_id,
    {{ normal_credit_code('credit_code') }} as credit_code,
    {{ normal_domain('email_domain') }} as email_domain,
    {{ normal_company_name('account_name') }} as company_name,
    updated_at as observed_at,
    industry,
    company_size as size,
    province,
    account_type
from accounts
