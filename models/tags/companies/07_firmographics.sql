/*
description: Class 07, firmographics 企业概况; industry, size and province of a company, in the codes of
  industries.csv, company_sizes.csv and regions.csv.
grain: [account_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

companies as (
    select
        account_id,
        account_key,
        industry,
        size,
        province
    from {{ ref('account') }}
),

{{ golden_evidence('file', 'account_record', 'account', 'account_key',
    ['industry', 'size', 'province']) }},

{{ aliased_forms('industry', 'industries', 'industry') }},

{{ aliased_forms('size', 'company_sizes', 'company_size') }},

{{ region_forms() }},

{{ coded_texts('industries', 'companies', 'industry', 'industry_forms') }},

{{ coded_texts('sizes', 'companies', 'size', 'size_forms') }},

{{ coded_texts('provinces', 'companies', 'province', 'region_forms') }},

tagged as (
    select
        c.account_id,
        'industry' as tag_code,
        f.code as tag_value,
        e.industry_proof as proof,
        e.industry_channels as source_count
    from companies as c
    inner join industries as f on c.industry = f.text
    left join file_evidence as e on c.account_key = e.account_key
    union all
    select
        c.account_id,
        'company_size' as tag_code,
        f.code as tag_value,
        e.size_proof as proof,
        e.size_channels as source_count
    from companies as c
    inner join sizes as f on c.size = f.text
    left join file_evidence as e on c.account_key = e.account_key
    union all
    select
        c.account_id,
        'account_province' as tag_code,
        f.code as tag_value,
        e.province_proof as proof,
        e.province_channels as source_count
    from companies as c
    inner join provinces as f on c.province = f.text
    left join file_evidence as e on c.account_key = e.account_key
)

select
    account_id,  -- The company.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(null as decimal(18, 4)) as score,  -- NULL: no figure is behind it.
    proof.occurred_at as evidence_at,  -- Latest record that says so (UTC).
    proof.channel as evidence_channel,  -- Channel of the evidence.
    cast(coalesce(source_count, 0) as bigint) as source_count  -- Number of channels that say so.
from tagged
