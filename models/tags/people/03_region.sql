/*
description: Class 03, region 地域; the province of a person, or else of the current company, and the
  sales territory it belongs to.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        province as region
    from {{ ref('person') }}
),

employers as (
    select
        s.person_key,
        a.account_key,
        a.province as region
    from {{ ref('person_scope') }} as s
    inner join {{ ref('account') }} as a on s.account_key = a.account_key
),

{{ region_forms() }},

{{ coded_texts('own_provinces', 'people', 'region', 'region_forms') }},

{{ coded_texts('company_provinces', 'employers', 'region', 'region_forms') }},

{{ golden_evidence('own', 'person_contact', 'person', 'person_key', ['province']) }},

{{ golden_evidence('company', 'account_record', 'account', 'account_key', ['province']) }},

located as (
    select
        p.one_id,
        coalesce(o.code, c.code) as province,
        case when o.code is not null then f.province_proof else g.province_proof end as proof,
        case when o.code is not null then f.province_channels else g.province_channels end
            as source_count
    from people as p
    left join employers as e on p.person_key = e.person_key
    left join own_provinces as o on p.region = o.text
    left join company_provinces as c on e.region = c.text
    left join own_evidence as f on p.person_key = f.person_key
    left join company_evidence as g on e.account_key = g.account_key
    where coalesce(o.code, c.code) is not null
),

tagged as (
    select
        one_id,
        'province' as tag_code,
        province as tag_value,
        proof,
        source_count
    from located
    union all
    select
        l.one_id,
        'sales_territory' as tag_code,
        t.territory as tag_value,
        l.proof,
        l.source_count
    from located as l
    inner join {{ ref('territories') }} as t on l.province = t.province
    where t.territory is not null
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(null as decimal(18, 4)) as score,  -- NULL: a place is no figure.
    proof.occurred_at as evidence_at,  -- Latest record that names the place (UTC).
    proof.channel as evidence_channel,  -- Channel of the evidence.
    cast(coalesce(source_count, 0) as bigint) as source_count  -- Number of channels that name it.
from tagged
