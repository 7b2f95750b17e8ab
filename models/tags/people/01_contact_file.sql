/*
description: Class 01, contact file 联系档案; whether we know the name, the mobile number and the mail
  address of a person, and how sure they are.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        full_name,
        full_name_channel,
        mobile,
        email,
        split_part(email, '@', 2) as email_domain
    from {{ ref('person') }}
),

{{ golden_evidence('file', 'person_contact', 'person', 'person_key',
    ['full_name', 'mobile', 'email']) }},

{{ verified_mobiles() }},

best_name_channels as (
    select distinct channel
    from {{ ref('source_priority') }}
    where attribute = 'full_name' and cast(priority as bigint) = 1
),

free_domains as (
    select distinct email_domain
    from {{ ref('free_mail_domains') }}
),

names as (
    select
        p.one_id,
        case
            when p.full_name is null then 'none'
            when
                b.channel is not null
                or e.full_name_channels >= {{ threshold('verified_name_channels') }}
                then 'verified'
            else 'claimed'
        end as tag_value,
        coalesce(e.full_name_channels, 0) as channel_count,
        e.full_name_proof as proof
    from people as p
    left join file_evidence as e on p.person_key = e.person_key
    left join best_name_channels as b on p.full_name_channel = b.channel
),

mobiles as (
    select
        p.one_id,
        case
            when p.mobile is null then 'none'
            when v.person_key is null then 'unverified'
            else 'verified'
        end as tag_value,
        case when v.person_key is null then e.mobile_proof else v.proof end as proof,
        coalesce(v.source_count, e.mobile_channels, 0) as source_count
    from people as p
    left join file_evidence as e on p.person_key = e.person_key
    left join verified_mobiles as v on p.person_key = v.person_key
),

mails as (
    select
        p.one_id,
        case
            when p.email is null then 'none'
            when f.email_domain is not null then 'free'
            else 'corporate'
        end as tag_value,
        e.email_proof as proof,
        coalesce(e.email_channels, 0) as source_count
    from people as p
    left join file_evidence as e on p.person_key = e.person_key
    left join free_domains as f on p.email_domain = f.email_domain
),

tagged as (
    select
        one_id,
        'real_name_status' as tag_code,
        tag_value,
        channel_count as score,
        proof,
        channel_count as source_count
    from names
    union all
    select
        one_id,
        'mobile_status' as tag_code,
        tag_value,
        null as score,
        proof,
        source_count
    from mobiles
    union all
    select
        one_id,
        'email_kind' as tag_code,
        tag_value,
        null as score,
        proof,
        source_count
    from mails
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4)) as score,  -- Channels that give the name; NULL for other tags.
    proof.occurred_at as evidence_at,  -- Latest evidence (UTC); NULL = none.
    proof.channel as evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
