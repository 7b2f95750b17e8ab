/*
description: Class 16, value 价值; how people buy, what they are worth, what they may buy next, and
  what is due.
grain: [one_id, tag_code, tag_value]
*/
-- noqa: disable=LT02
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        account_id,
        account_key,
        is_buyers,
        is_device_people
    from {{ ref('person_scope') }}
),

{{ bought_by('person_key') }},

buyers as (
    select
        p.one_id,
        p.person_key,
        p.account_id,
        coalesce(b.margin_amount, 0) as margin_amount,
        b.margin_proof,
        coalesce(b.margin_channels, 0) as margin_channels,
        {{ rfm_segment('b') }} as rfm_segment,
        b.rfm_amount,
        b.kept_proof,
        coalesce(b.kept_channels, 0) as kept_channels
    from people as p
    left join bought as b on p.person_key = b.person_key
    where p.is_buyers
),

industries as (
    select
        account_id,
        tag_value as industry
    from {{ ref('07_firmographics') }}
    where tag_code = 'industry'
),

owned as (
    select
        account_id,
        tag_value as product_line
    from {{ ref('09_installed_base') }}
    where tag_code = 'owned_product_lines'
),

owners as (
    select
        i.industry,
        count(distinct o.account_id) as owner_count
    from owned as o
    inner join industries as i on o.account_id = i.account_id
    group by i.industry
),

-- What is usual in an industry, with the percentage of owners that own it.
usual as (
    select
        i.industry,
        o.product_line,
        cast(floor(cast(count(*) * 100 as double) / n.owner_count) as bigint) as owner_percent
    from owned as o
    inner join industries as i on o.account_id = i.account_id
    inner join owners as n on i.industry = n.industry
    where n.owner_count >= {{ threshold('peer_companies') }}
    group by i.industry, o.product_line, n.owner_count
    having count(*) * 100 >= n.owner_count * {{ threshold('peer_percent') }}
),

bought_product_lines as (
    select distinct
        person_key,
        product_line
    from {{ ref('purchase_line') }}
    where is_kept and person_key is not null and product_line is not null
),

gaps as (
    select
        b.one_id,
        u.product_line,
        u.owner_percent
    from buyers as b
    inner join industries as i on b.account_id = i.account_id
    inner join usual as u on i.industry = u.industry
    anti join owned as o on b.account_id = o.account_id and u.product_line = o.product_line
    anti join bought_product_lines as m
        on b.person_key = m.person_key and u.product_line = m.product_line
),

devices as (
    select
        account_key,
        channel,
        observed_at,
        case
            when {{ days_left('warranty_until') }} < 0 then 'overdue'
            else 'due'
        end as renewal
    from {{ ref('device_owner') }}
    where
        {{ days_left('warranty_until') }} >= -{{ threshold('renewal_days') }}
        and {{ days_left('warranty_until') }} < {{ threshold('renewal_days') }}
),

-- What is overdue comes before what is due.
renewals as (
    select
        account_key,
        renewal,
        count(*) as device_count,
        {{ latest_proof('observed_at') }} filter (where observed_at is not null) as proof,
        count(distinct channel) as channel_count
    from devices
    group by account_key, renewal
    qualify row_number() over (partition by account_key order by renewal desc) = 1
),

tagged as (
    select
        one_id,
        'rfm_segment' as tag_code,
        rfm_segment as tag_value,
        coalesce(rfm_amount, 0) as score,
        kept_proof as proof,
        kept_channels as source_count
    from buyers
    union all
    select
        one_id,
        'ltv_band' as tag_code,
        {{ band('ltv_band', 'margin_amount') }} as tag_value,
        margin_amount as score,
        margin_proof as proof,
        margin_channels as source_count
    from buyers
    union all
    select
        one_id,
        'cross_sell_gap' as tag_code,
        product_line as tag_value,
        owner_percent as score,
        null as proof,
        0 as source_count
    from gaps
    union all
    select
        p.one_id,
        'repurchase_status' as tag_code,
        case
            when b.days_since is null then 'none'
            when b.days_since >= {{ threshold('lapse_days') }} then 'lapsed'
            when b.purchase_dates >= 2 then 'repeat'
            else 'one_time'
        end as tag_value,
        coalesce(b.purchase_dates, 0) as score,
        b.kept_proof as proof,
        coalesce(b.kept_channels, 0) as source_count
    from people as p
    left join bought as b on p.person_key = b.person_key
    union all
    select
        p.one_id,
        'renewal_due' as tag_code,
        coalesce(r.renewal, 'none') as tag_value,
        coalesce(r.device_count, 0) as score,
        r.proof,
        coalesce(r.channel_count, 0) as source_count
    from people as p
    left join renewals as r on p.account_key = r.account_key
    where p.is_device_people
)

select
    {{ tag_row('one_id', 'The person') }}
from tagged
