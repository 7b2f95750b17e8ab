/*
description: One row per company (客户档案, golden record), with the best value of each attribute by
  source_priority.csv, its source and time, and the number of contradicting values.
grain: [account_id]
*/
-- noqa: disable=LT02
{%- set attributes = [
    'company_name', 'credit_code', 'crm_account_id', 'email_domain', 'industry', 'size', 'province',
    'account_type'
] %}
{%- set words = {
    'company_name': 'Company name (公司名称), a full one if any is known',
    'credit_code': 'Unified social credit code (统一社会信用代码)', 'crm_account_id': 'Account in the CRM',
    'email_domain': 'Corporate mail domain', 'industry': 'Industry (行业)', 'size': 'Size class (规模)',
    'province': 'Province',
    'account_type': 'prospect, customer, competitor, or a kind of partner (客户类型)'
} %}
with

priorities as (
    select
        channel,
        {%- for name in attributes %}
        min(case when attribute = '{{ name }}' then cast(priority as bigint) end)
            as {{ name }}_priority{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('source_priority') }}
    group by channel
),

-- An identifier is shown only for the company that it belongs to.
given as (
    select
        r.account_key,
        r.channel,
        r.record_id,
        r.seen_at as observed_at,
        g.company_name,
        g.credit_code,
        g.crm_account_id,
        g.email_domain,
        g.industry,
        g.size,
        g.province,
        g.account_type
    from (
        select
            channel,
            record_id,
            company_name,
            credit_code,
            crm_account_id,
            email_domain,
            industry,
            size,
            province,
            account_type
        from {{ ref('company') }}
        union all
        select
            channel,
            record_id,
            company_name,
            cast(null as varchar) as credit_code,
            crm_account_id,
            {{ company_value('email_domain') }} as email_domain,
            cast(null as varchar) as industry,
            cast(null as varchar) as size,
            cast(null as varchar) as province,
            cast(null as varchar) as account_type
        from {{ ref('contact') }}
    ) as g
    inner join {{ ref('record_company') }} as r
        on g.channel = r.channel and g.record_id = r.record_id
),

own as (
    select
        g.account_key,
        g.channel,
        g.record_id,
        g.observed_at,
        1 as is_own_word,
        case when n.account_key is not null then g.company_name end as company_name,
        c.id_value as credit_code,
        a.id_value as crm_account_id,
        d.id_value as email_domain,
        g.industry,
        g.size,
        g.province,
        g.account_type,
        coalesce(s.company_name_priority, {{ var('unlisted_priority') }})
        + case when p.is_complete then 0 else 1000 end as company_name_priority,
        {%- for name in attributes if name != 'company_name' %}
        coalesce(s.{{ name }}_priority, {{ var('unlisted_priority') }})
            as {{ name }}_priority{{ ',' if not loop.last }}
        {%- endfor %}
    from given as g
    left join {{ ref('company_name_part') }} as p on g.company_name = p.company_name
    left join {{ ref('account_id') }} as n
        on
            n.id_type = 'company_name' and p.name_key = n.id_value
            and g.account_key = n.account_key
    left join {{ ref('account_id') }} as c
        on
            c.id_type = 'credit_code' and g.credit_code = c.id_value
            and g.account_key = c.account_key
    left join {{ ref('account_id') }} as a
        on
            a.id_type = 'crm_account_id' and g.crm_account_id = a.id_value
            and g.account_key = a.account_key
    left join {{ ref('account_id') }} as d
        on
            d.id_type = 'email_domain' and g.email_domain = d.id_value
            and g.account_key = d.account_key
    left join priorities as s on g.channel = s.channel
),

golden as (
    select
        account_key,
        {%- for name in attributes %}
        {{ best_value(name) }} as {{ name }}_best,
        count(distinct {{ name }}) as {{ name }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from own
    group by account_key
),

activity as (
    select
        account_key,
        account_id,
        count(*) as record_count,
        count(distinct channel) as channel_count
    from {{ ref('record_person') }}
    where account_key is not null
    group by account_key, account_id
),

moments as (
    select
        account_key,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from {{ ref('record_company') }}
    group by account_key
),

people as (
    select
        account_key,
        count(*) as people_count
    from {{ ref('person_account') }}
    where is_current
    group by account_key
)

select
    a.account_id,  -- The company.
    a.account_key,  -- Number of the company in this release, for joins.
    {%- for name in attributes %}
    g.{{ name }}_best.value as {{ name }},  -- {{ words[name] }}.
    g.{{ name }}_best.channel as {{ name }}_channel,  -- Channel that gave the value.
    g.{{ name }}_best.observed_at as {{ name }}_at,  -- When the channel gave it (UTC).
    coalesce(g.{{ name }}_count, 0)
        as {{ name }}_count,  -- Number of different values.
    {%- endfor %}
    coalesce(p.people_count, 0) as people_count,  -- Number of current people.
    m.first_seen_at,  -- Earliest record that names it (UTC).
    m.last_seen_at,  -- Latest record that names it (UTC).
    a.channel_count,  -- Channels that know it.
    a.record_count  -- Number of records of the company, including those of its people.
from activity as a
left join moments as m on a.account_key = m.account_key
left join golden as g on a.account_key = g.account_key
left join people as p on a.account_key = p.account_key
