/*
description: Class 05 of companies 关系; how much care a customer gets.
grain: [account_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

{{ bought_by('account_key') }},

tagged as (
    select
        a.account_id,
        'customer_tier' as tag_code,
        {{ band('customer_tier', 'coalesce(b.tier_amount, 0)') }} as tag_value,
        coalesce(b.tier_amount, 0) as score,
        b.tier_proof as proof,
        coalesce(b.tier_channels, 0) as source_count
    from {{ ref('account_scope') }} as a
    left join bought as b on a.account_key = b.account_key
    where a.is_customers
)

select
    {{ tag_row('account_id', 'The company') }}
from tagged
