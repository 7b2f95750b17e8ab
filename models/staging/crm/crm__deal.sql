/*
description: Opportunities of the CRM; qualification, proposal and negotiation are open. Money in
  another currency is converted at the rate of the day on which the opportunity was opened.
grain: [record_id]
*/
{{ config(restate='record') }}
with

opportunities as (
    select
        opportunity_id,
        account_id,
        contact_id,
        stage,
        amount,
        currency,
        product_id,
        campaign_id,
        owner,
        sdr,
        expected_close,
        purchase_path,
        created_at,
        closed_at,
        _landed_seq
    from {{ source('crm', 'opportunities') }}
),

rates as (
    {{ exchange_rate_ranges() }}
)

select
    'crm' as channel,
    'opportunities:' || o.opportunity_id as record_id,
    o._landed_seq as landed_seq,
    o.contact_id as crm_contact_id,
    o.account_id as crm_account_id,
    o.opportunity_id as deal_id,
    1 as line_no,
    'opportunity' as kind,
    o.created_at as occurred_at,
    o.closed_at,
    case when o.stage in ('won', 'lost') then o.stage else 'open' end as status,
    {{ in_currency('o.amount', 'o.currency', 'r.rate') }} as amount,
    o.amount as source_amount,
    coalesce({{ currency_code('o.currency') }}, '{{ var('currency') }}') as source_currency,
    o.product_id,
    o.campaign_id,
    o.owner as staff_id,
    o.sdr as sdr_id,
    o.expected_close as expected_date,
    o.purchase_path
from opportunities as o
left join rates as r
    on
        {{ currency_code('o.currency') }} = r.currency
        and fn_local_date(o.created_at) >= r.rate_from
        and fn_local_date(o.created_at) < r.rate_until
