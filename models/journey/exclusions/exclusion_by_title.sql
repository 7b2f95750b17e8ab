/*
description: People whom rules exclude by their job title, until a record gives another title.
grain: [person_key, rule, since_at]
*/
{{ config(published=false) }}
with

versions as (
    {{ contact_versions(['title']) }}
),

titles as (
    select distinct
        title,
        lower(title) as lower_title
    from versions
    where title is not null
),

matched as (
    {%- for row in reference('exclusion_rules') if row.signal == 'title' %}
    select
        title,
        {{ literal(row.rule) }} as rule
    from titles
    where regexp_matches(lower_title, {{ literal(row.value | lower) }})
    union all
    {%- endfor %}
    select
        title,
        cast(null as varchar) as rule
    from titles
    where false
),

-- People who had a matching title at least once. Only their titles are compared over time.
found as (
    select distinct
        p.person_key,
        m.rule
    from versions as v
    inner join matched as m on v.title = m.title
    inner join {{ ref('record_person') }} as p
        on v.channel = p.channel and v.record_id = p.record_id
    where p.person_key is not null and v.observed_at is not null
),

given_titles as (
    select
        f.person_key,
        f.rule,
        v.observed_at,
        v.channel,
        v.record_id,
        case when m.title is not null then 1 else 0 end as is_found
    from found as f
    inner join {{ ref('record_person') }} as p on f.person_key = p.person_key
    inner join versions as v on p.channel = v.channel and p.record_id = v.record_id
    left join matched as m on v.title = m.title and f.rule = m.rule
    where v.title is not null and v.observed_at is not null
),

-- If two records of one moment differ, the excluding title counts.
moments as (
    select
        person_key,
        rule,
        observed_at,
        max(is_found) as is_found,
        min(struct_pack(channel := channel, record_id := record_id))
        filter (where is_found = 1) as record
    from given_titles
    group by person_key, rule, observed_at
),

turned as (
    select
        person_key,
        rule,
        observed_at,
        is_found,
        record,
        lag(is_found) over (partition by person_key, rule order by observed_at) as was_found
    from moments
),

turns as (
    select
        person_key,
        rule,
        observed_at,
        is_found,
        record,
        lead(observed_at) over (partition by person_key, rule order by observed_at) as until_at
    from turned
    where is_found is distinct from was_found
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    rule,  -- Rule of exclusion_rules.csv.
    observed_at as since_at,  -- When a record first gave the title (UTC).
    until_at,  -- When a record gave another title (UTC); NULL = never.
    record.channel,  -- Channel of the record that is the evidence.
    record.record_id  -- [pii] The record that is the evidence.
from turns
where is_found = 1
