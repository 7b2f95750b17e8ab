/*
description: One row per person (档案, golden record), with the best value of each attribute by
  source_priority.csv, its source and time, and the number of contradicting values.
grain: [one_id]
*/
{{ config(restate='person') }}
-- noqa: disable=LT02
{%- set attributes = [
    'full_name', 'mobile', 'email', 'title', 'province', 'city', 'company_name'
] %}
{%- set words = {
    'full_name': '[pii] Name', 'mobile': '[pii] Mobile, E.164', 'email': '[pii] Mail address',
    'title': 'Job title', 'province': 'Province', 'city': 'City', 'company_name': 'Company name'
} %}
with

-- A contested identifier reaches its last holder, or each holder if several used it at a time.
reachable as (
    select
        id_type,
        id_value,
        person_key
    from {{ ref('one_id') }}
    where not is_contested and id_type in ('mobile', 'email')
    union all
    select
        id_type,
        id_value,
        person_key
    from {{ ref('contested_tenure') }}
    where is_reached and id_type in ('mobile', 'email')
),

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

contacts as (
    select
        p.person_key,
        c.channel,
        c.record_id,
        c.observed_at,
        c.source_campaign_id,
        case when c.mobile_source = 'staff_remark' then 0 else 1 end as is_own_word,
        c.full_name,
        m.id_value as mobile,
        e.id_value as email,
        c.title,
        c.province,
        c.city,
        c.company_name,
        {%- for name in attributes %}
        coalesce(s.{{ name }}_priority, {{ var('unlisted_priority') }})
            as {{ name }}_priority{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('contact') }} as c
    inner join {{ ref('record_person') }} as p
        on c.channel = p.channel and c.record_id = p.record_id
    left join reachable as m
        on m.id_type = 'mobile' and c.mobile = m.id_value and p.person_key = m.person_key
    left join reachable as e
        on e.id_type = 'email' and c.email = e.id_value and p.person_key = e.person_key
    left join priorities as s on c.channel = s.channel
    where p.person_key is not null
),

golden as (
    select
        person_key,
        {%- for name in attributes %}
        {{ best_value(name) }} as {{ name }}_best,
        count(distinct {{ name }}) as {{ name }}_count,
        {%- endfor %}
        arg_min(
            source_campaign_id,
            struct_pack(observed_at := observed_at, channel := channel, record_id := record_id)
        ) filter (where source_campaign_id is not null) as source_campaign_id
    from contacts
    group by person_key
),

moments as (
    select
        channel,
        record_id,
        observed_at as seen_at
    from {{ ref('contact') }}
    union all
    select
        channel,
        record_id,
        occurred_at as seen_at
    from {{ ref('touch') }}
    union all
    select
        channel,
        record_id,
        started_at as seen_at
    from {{ ref('link') }}
    union all
    select
        channel,
        record_id,
        occurred_at as seen_at
    from {{ ref('deal') }}
    union all
    select
        channel,
        record_id,
        opened_at as seen_at
    from {{ ref('ticket') }}
),

channel_activity as (
    select
        p.person_key,
        p.one_id,
        m.channel,
        min(m.seen_at) as first_seen_at,
        max(m.seen_at) as last_seen_at,
        count(*) as record_count
    from moments as m
    inner join {{ ref('record_person') }} as p
        on m.channel = p.channel and m.record_id = p.record_id
    where p.person_key is not null
    group by p.person_key, p.one_id, m.channel
),

activity as (
    select
        person_key,
        one_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(struct_pack(seen_at := first_seen_at, channel := channel)) as first_seen,
        count(*) as channel_count,
        cast(sum(record_count) as bigint) as record_count
    from channel_activity
    group by person_key, one_id
)

select
    a.one_id,  -- The person.
    a.person_key,  -- Number of the person in this release, for joins.
    {%- for name in attributes %}
    g.{{ name }}_best.value as {{ name }},  -- {{ words[name] }}.
    g.{{ name }}_best.channel as {{ name }}_channel,  -- Channel that gave the value.
    g.{{ name }}_best.observed_at as {{ name }}_at,  -- When the channel gave it (UTC).
    coalesce(g.{{ name }}_count, 0)
        as {{ name }}_count,  -- Number of different values; above 1 channels contradict each other.
    {%- endfor %}
    g.source_campaign_id,  -- Campaign that brought the person; NULL = unknown.
    a.first_seen.channel as first_channel,  -- Channel of the earliest record.
    a.first_seen_at,  -- Earliest record (UTC).
    a.last_seen_at,  -- Latest record (UTC).
    a.channel_count,  -- Number of channels that know the person.
    a.record_count  -- Number of records of the person.
from activity as a
left join golden as g on a.person_key = g.person_key
