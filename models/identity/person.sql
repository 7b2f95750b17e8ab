/*
description: One row a person (档案, golden record); the best value of each attribute, with its
  source and time.
grain: [one_id]
*/
-- noqa: disable=LT02
{%- set attributes = [
    'full_name', 'mobile', 'email', 'title', 'province', 'city', 'company_name'
] %}
{%- set words = {
    'full_name': '[pii] Name', 'mobile': '[pii] Mobile, E.164', 'email': '[pii] Mail address',
    'title': 'Job title', 'province': 'Province', 'city': 'City', 'company_name': 'Company name'
} %}
with

contacts as (
    select
        p.person_key,
        c.channel,
        c.record_id,
        c.observed_at,
        c.source_campaign_id,
        c.full_name,
        case when m.one_id is not null then c.mobile end as mobile,
        case when e.one_id is not null then c.email end as email,
        c.title,
        c.province,
        c.city,
        c.company_name
    from {{ ref('contact') }} as c
    inner join {{ ref('record_person') }} as p
        on c.channel = p.channel and c.record_id = p.record_id
    left join {{ ref('one_id') }} as m on m.id_type = 'mobile' and c.mobile = m.id_value
    left join {{ ref('one_id') }} as e on e.id_type = 'email' and c.email = e.id_value
    where p.person_key is not null
),

golden as (
    select
        person_key,
        {%- for name in attributes %}
        {{ latest(name) }} as {{ name }},
        {{ latest_channel(name) }} as {{ name }}_channel,
        {{ latest_at(name) }} as {{ name }}_at,
        {%- endfor %}
        arg_min(source_campaign_id, struct_pack(a := observed_at, b := channel, c := record_id))
            filter (where source_campaign_id is not null) as source_campaign_id
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

activity as (
    select
        p.person_key,
        p.one_id,
        min(m.seen_at) as first_seen_at,
        max(m.seen_at) as last_seen_at,
        arg_min(m.channel, struct_pack(a := m.seen_at, b := m.channel, c := m.record_id))
            as first_channel,
        count(distinct m.channel) as channel_count,
        count(*) as record_count
    from moments as m
    inner join {{ ref('record_person') }} as p
        on m.channel = p.channel and m.record_id = p.record_id
    where p.person_key is not null
    group by p.person_key, p.one_id
)

select
    a.one_id,  -- The person.
    a.person_key,  -- The person within this release: a number to join by.
    {%- for name in attributes %}
    g.{{ name }},  -- {{ words[name] }}.
    g.{{ name }}_channel,  -- Channel that says so.
    g.{{ name }}_at,  -- When it said so (UTC).
    {%- endfor %}
    g.source_campaign_id,  -- Campaign that brought the person; NULL = no channel says.
    a.first_channel,  -- Channel of the earliest record.
    a.first_seen_at,  -- Earliest record (UTC).
    a.last_seen_at,  -- Latest record (UTC).
    a.channel_count,  -- Channels that know the person.
    a.record_count  -- Rows of records that are the person's.
from activity as a
left join golden as g on a.person_key = g.person_key
