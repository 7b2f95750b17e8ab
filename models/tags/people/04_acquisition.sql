/*
description: Class 04, acquisition 来源; the channel, campaign and domain that a person came from, and
  how they were added on WeCom.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        first_channel,
        first_seen_at
    from {{ ref('person') }}
),

campaigns as (
    select
        campaign_id,
        domain,
        scene
    from {{ ref('campaigns') }}
),

named as (
    select
        c.person_key,
        c.channel,
        c.record_id,
        c.observed_at as named_at,
        c.source_campaign_id as campaign_id
    from {{ ref('person_contact') }} as c
    inner join campaigns as k on c.source_campaign_id = k.campaign_id
    where c.observed_at is not null
    union all
    select
        t.person_key,
        t.channel,
        t.record_id,
        t.occurred_at as named_at,
        t.campaign_id
    from {{ ref('person_touch') }} as t
    inner join campaigns as k on t.campaign_id = k.campaign_id
    where t.direction = 'inbound' and t.occurred_at is not null
),

-- The earliest moment comes first: only records of that moment are compared by channel and record.
earliest as (
    select
        person_key,
        min(named_at) as first_at
    from named
    group by person_key
),

first_campaigns as (
    select
        n.person_key,
        n.campaign_id,
        n.channel,
        n.named_at
    from named as n
    inner join earliest as e on n.person_key = e.person_key and n.named_at = e.first_at
    qualify
        row_number() over (
            partition by n.person_key order by n.channel, n.record_id, n.campaign_id
        ) = 1
),

referring as (
    select
        person_key,
        channel,
        observed_at as referred_at
    from {{ ref('person_contact') }}
    where is_referred
    union all
    select
        person_key,
        channel,
        started_at as referred_at
    from {{ ref('person_link') }}
    where is_referred
),

referring_channels as (
    select
        person_key,
        channel,
        max(referred_at) as referred_at
    from referring
    group by person_key, channel
),

referred as (
    select
        person_key,
        {{ latest_proof('referred_at') }} filter (where referred_at is not null) as proof,
        count(*) as source_count
    from referring_channels
    group by person_key
),

channels as (
    select
        channel,
        domain
    from {{ source('ops', 'channel_status') }}
),

origins as (
    select
        p.one_id,
        p.first_channel,
        p.first_seen_at,
        f.channel as campaign_channel,
        f.named_at,
        k.scene,
        coalesce(k.domain, c.domain) as domain,
        k.domain is not null as is_of_campaign,
        r.person_key is not null as is_referred,
        r.proof as referral_proof,
        r.source_count as referral_channels
    from people as p
    left join first_campaigns as f on p.person_key = f.person_key
    left join campaigns as k on f.campaign_id = k.campaign_id
    left join channels as c on p.first_channel = c.channel
    left join referred as r on p.person_key = r.person_key
),

domains as (
    select
        one_id,
        case
            when is_referred or coalesce(scene = 'referral', false) then 'referral'
            else domain
        end as domain,
        case
            when is_referred then referral_proof
            when coalesce(scene = 'referral', false) or is_of_campaign
                then struct_pack(occurred_at := named_at, channel := campaign_channel)
            else struct_pack(occurred_at := first_seen_at, channel := first_channel)
        end as proof,
        case when is_referred then referral_channels else 1 end as source_count
    from origins
),

added as (
    select
        s.one_id,
        c.add_way,
        c.channel,
        c.observed_at
    from {{ ref('person_contact') }} as c
    inner join {{ ref('person_scope') }} as s on c.person_key = s.person_key
    where s.is_wecom_contacts and c.channel = 'wecom' and trim(c.add_way) <> ''
    qualify
        row_number() over (
            partition by s.one_id order by c.observed_at nulls last, c.record_id
        ) = 1
),

way_forms as (
    select
        add_way as form,
        name
    from {{ ref('wecom_add_ways') }}
    union
    select
        name as form,
        name
    from {{ ref('wecom_add_ways') }}
),

ways as (
    select
        form,
        min(name) as name
    from way_forms
    group by form
),

tagged as (
    select
        one_id,
        'first_channel' as tag_code,
        first_channel as tag_value,
        struct_pack(occurred_at := first_seen_at, channel := first_channel) as proof,
        1 as source_count
    from people
    where first_channel is not null
    union all
    select
        p.one_id,
        'first_campaign' as tag_code,
        f.campaign_id as tag_value,
        struct_pack(occurred_at := f.named_at, channel := f.channel) as proof,
        1 as source_count
    from first_campaigns as f
    inner join people as p on f.person_key = p.person_key
    union all
    select
        one_id,
        'first_domain' as tag_code,
        domain as tag_value,
        proof,
        source_count
    from domains
    where domain is not null
    union all
    select
        a.one_id,
        'add_way' as tag_code,
        coalesce(w.name, 'unknown') as tag_value,
        struct_pack(occurred_at := a.observed_at, channel := a.channel) as proof,
        1 as source_count
    from added as a
    left join ways as w on trim(a.add_way) = w.form
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(null as decimal(18, 4)) as score,  -- NULL: an origin is no figure.
    proof.occurred_at as evidence_at,  -- The record that decides (UTC).
    proof.channel as evidence_channel,  -- Its channel.
    cast(source_count as bigint)
        as source_count  -- Channels that name a referrer; 1 for other tags.
from tagged
