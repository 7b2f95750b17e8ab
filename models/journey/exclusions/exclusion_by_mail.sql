/*
description: People whom rules exclude by the domain of their mail address.
grain: [person_key, rule, since_at]
*/
{{ config(published=false) }}
with

mails as (
    select
        o.person_key,
        o.id_value as email,
        split_part(o.id_value, '@', 2) as email_domain,
        i.first_seen_at
    from {{ ref('one_id') }} as o
    inner join {{ ref('identifier') }} as i
        on i.entity = 'person' and o.id_type = i.id_type and o.id_value = i.id_value
    where o.id_type = 'email' and not o.is_contested
),

domains as (
    select distinct email_domain
    from mails
),

matched as (
    {%- for row in reference('exclusion_rules') if row.signal == 'email_domain' %}
    select
        email_domain,
        {{ literal(row.rule) }} as rule
    from domains
    where regexp_matches(email_domain, {{ literal(row.value | lower) }})
    union all
    {%- endfor %}
    select
        d.email_domain,
        r.rule
    from domains as d
    inner join {{ ref('own_domains') }} as o on d.email_domain = lower(trim(o.email_domain))
    cross join {{ exclusion_rules_by(['own_domain']) }} as r
    union all
    select
        d.email_domain,
        r.rule
    from domains as d
    inner join {{ ref('competitors') }} as c
        on c.kind = 'email_domain' and d.email_domain = lower(trim(c.value))
    cross join {{ exclusion_rules_by(['listed_competitor']) }} as r
),

found as (
    select distinct
        m.person_key,
        m.email,
        m.first_seen_at,
        d.rule
    from mails as m
    inner join matched as d on m.email_domain = d.email_domain
),

versions as (
    {{ contact_versions(['email']) }}
),

evidence as (
    select
        f.person_key,
        f.rule,
        coalesce(v.observed_at, f.first_seen_at) as since_at,
        v.channel,
        v.record_id
    from found as f
    left join versions as v on f.email = v.email and v.observed_at is not null
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    rule,  -- Rule of exclusion_rules.csv.
    since_at,  -- When the mail address became known (UTC).
    cast(null as timestamp) as until_at,  -- Always NULL: the exclusion does not end.
    channel,  -- Channel of the record that is the evidence.
    record_id  -- [pii] The record that is the evidence.
from evidence
where since_at < fn_as_of_end()
qualify
    row_number() over (
        partition by person_key, rule
        order by since_at, channel nulls last, record_id nulls last
    ) = 1
