/*
description: Class 09, installed base 安装基数; which product lines a company owns, how many devices,
  and how long their warranty lasts.
grain: [account_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

companies as (
    select
        account_id,
        account_key
    from {{ ref('account_scope') }}
),

devices as (
    select
        account_key,
        channel,
        observed_at,
        product_line,
        case
            when
                {{ days_left('warranty_until') }} >= 0
                and {{ days_left('warranty_until') }} < {{ threshold('renewal_days') }} then 1
            when {{ days_left('warranty_until') }} >= {{ threshold('renewal_days') }} then 2
            when {{ days_left('warranty_until') }} < 0 then 3
            else 4
        end as warranty_rank
    from {{ ref('device_owner') }}
),

owned as (
    select
        account_key,
        product_line,
        channel,
        observed_at as known_at
    from devices
    where product_line is not null
    union all
    select
        account_key,
        product_line,
        channel,
        earned_at as known_at
    from {{ ref('purchase_line') }}
    where is_kept and product_line is not null and account_key is not null
),

lines as (
    select
        account_key,
        product_line,
        count(*) as item_count,
        {{ latest_proof('known_at') }} filter (where known_at is not null) as proof,
        count(distinct channel) as channel_count
    from owned
    group by account_key, product_line
),

counted as (
    select
        account_key,
        count(*) as device_count,
        {{ latest_proof('observed_at') }} filter (where observed_at is not null) as proof,
        count(distinct channel) as channel_count
    from devices
    group by account_key
),

warranties as (
    select
        account_key,
        warranty_rank,
        count(*) as device_count,
        {{ latest_proof('observed_at') }} filter (where observed_at is not null) as proof,
        count(distinct channel) as channel_count
    from devices
    group by account_key, warranty_rank
    qualify row_number() over (partition by account_key order by warranty_rank) = 1
),

tagged as (
    select
        c.account_id,
        'owned_product_lines' as tag_code,
        l.product_line as tag_value,
        l.item_count as score,
        l.proof,
        l.channel_count as source_count
    from companies as c
    inner join lines as l on c.account_key = l.account_key
    union all
    select
        c.account_id,
        'device_count_band' as tag_code,
        {{ band('device_count_band', 'coalesce(n.device_count, 0)') }} as tag_value,
        coalesce(n.device_count, 0) as score,
        n.proof,
        coalesce(n.channel_count, 0) as source_count
    from companies as c
    left join counted as n on c.account_key = n.account_key
    union all
    select
        c.account_id,
        'warranty_status' as tag_code,
        case w.warranty_rank
            when 1 then 'expiring'
            when 2 then 'active'
            when 3 then 'expired'
            when 4 then 'unknown'
            else 'none'
        end as tag_value,
        coalesce(w.device_count, 0) as score,
        w.proof,
        coalesce(w.channel_count, 0) as source_count
    from companies as c
    left join warranties as w on c.account_key = w.account_key
)

select
    {{ tag_row('account_id', 'The company') }}
from tagged
