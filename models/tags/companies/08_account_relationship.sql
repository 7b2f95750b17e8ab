/*
description: Class 08, account relationship 企业关系; whether a company is a partner, how it buys, where
  it stands in the journey, and which roles of its buying group we know.
grain: [account_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
{%- set paths = reference('tag_values', order='value_order')
    | selectattr('tag_code', 'equalto', 'procurement_path') | map(attribute='tag_value') | list %}
with

companies as (
    select
        s.account_id,
        s.account_key,
        s.is_customers,
        k.partner_kind,
        a.account_type_at,
        a.account_type_channel
    from {{ ref('account_scope') }} as s
    inner join {{ ref('account') }} as a on s.account_key = a.account_key
    left join {{ ref('partner_kinds') }} as k
        on lower(trim(a.account_type)) = lower(trim(k.account_type))
),

paid as (
    select
        account_key,
        channel,
        earned_at,
        greatest(amount, 0) as amount,
        case
            {%- for path in paths %}
            when purchase_path = {{ literal(path) }} then {{ literal(path) }}
            {%- endfor %}
            else 'direct'
        end as purchase_path
    from {{ ref('purchase_line') }}
    where is_kept and account_key is not null
),

sums as (
    select
        account_key,
        purchase_path,
        sum(amount) as amount,
        {{ latest_proof('earned_at') }} as proof,
        count(distinct channel) as channel_count
    from paid
    group by account_key, purchase_path
),

paths as (
    select
        account_key,
        purchase_path,
        amount,
        proof,
        channel_count
    from sums
    qualify
        row_number() over (
            partition by account_key
            order by
                amount desc,
                case purchase_path
                    {%- for path in paths %}
                    when {{ literal(path) }} then {{ loop.index }}
                    {%- endfor %}
                end
        ) = 1
),

members as (
    select
        a.account_key,
        {{ buying_role('p.title') }} as buying_role,
        p.title_at,
        p.title_channel as channel
    from {{ ref('person_account') }} as a
    inner join {{ ref('person') }} as p on a.person_key = p.person_key
    where a.is_current
),

roles as (
    select
        account_key,
        buying_role,
        count(*) as people_count,
        {{ latest_proof('title_at') }} filter (where title_at is not null) as proof,
        count(distinct channel) as channel_count
    from members
    where buying_role is not null
    group by account_key, buying_role
),

tagged as (
    select
        account_id,
        'partner_kind' as tag_code,
        coalesce(partner_kind, 'none') as tag_value,
        null as score,
        case
            when partner_kind is not null
                then struct_pack(occurred_at := account_type_at, channel := account_type_channel)
        end as proof,
        case when partner_kind is not null then 1 else 0 end as source_count
    from companies
    union all
    select
        c.account_id,
        'procurement_path' as tag_code,
        p.purchase_path as tag_value,
        p.amount as score,
        p.proof,
        p.channel_count as source_count
    from companies as c
    inner join paths as p on c.account_key = p.account_key
    where c.is_customers
    union all
    select
        account_id,
        'account_stage' as tag_code,
        stage as tag_value,
        stage_rank as score,
        null as proof,
        0 as source_count
    from {{ ref('account_stage') }}
    union all
    select
        c.account_id,
        'buying_group_coverage' as tag_code,
        r.buying_role as tag_value,
        r.people_count as score,
        r.proof,
        r.channel_count as source_count
    from companies as c
    inner join roles as r on c.account_key = r.account_key
)

select
    {{ tag_row('account_id', 'The company') }}
from tagged
