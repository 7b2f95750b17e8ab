/*
description: Class 16 of companies, value 价值; how companies buy and what they are worth.
grain: [account_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

{{ bought_by('account_key') }},

buyers as (
    select
        a.account_id,
        coalesce(b.margin_amount, 0) as margin_amount,
        b.margin_proof,
        coalesce(b.margin_channels, 0) as margin_channels,
        {{ rfm_segment('b') }} as rfm_segment,
        b.rfm_amount,
        b.kept_proof,
        coalesce(b.kept_channels, 0) as kept_channels
    from {{ ref('account_scope') }} as a
    left join bought as b on a.account_key = b.account_key
    where a.is_customers
),

tagged as (
    select
        account_id,
        'rfm_segment' as tag_code,
        rfm_segment as tag_value,
        coalesce(rfm_amount, 0) as score,
        kept_proof as proof,
        kept_channels as source_count
    from buyers
    union all
    select
        account_id,
        'ltv_band' as tag_code,
        {{ band('ltv_band', 'margin_amount') }} as tag_value,
        margin_amount as score,
        margin_proof as proof,
        margin_channels as source_count
    from buyers
)

select
    {{ tag_row('account_id', 'The company') }}
from tagged
