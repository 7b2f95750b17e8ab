/*
description: When each person became somebody we can name and reach; a real name, and a mobile they
  gave themselves or a mail address of their company.
grain: [person_key]
*/
{{ config(published=false) }}
with

versions as (
    {{ contact_versions(['full_name', 'mobile', 'mobile_source', 'email']) }}
),

own as (
    select
        p.person_key,
        v.channel,
        v.record_id,
        v.observed_at,
        v.full_name,
        v.mobile,
        v.mobile_source,
        v.email
    from versions as v
    inner join {{ ref('record_person') }} as p
        on v.channel = p.channel and v.record_id = p.record_id
    where p.person_key is not null and v.observed_at is not null
),

names as (
    select
        person_key,
        min(observed_at) as named_at
    from own
    where full_name is not null
    group by person_key
),

mobiles as (
    select
        o.person_key,
        o.observed_at
    from own as o
    inner join {{ ref('one_id') }} as m
        on m.id_type = 'mobile' and o.mobile = m.id_value and o.person_key = m.person_key
    where o.mobile_source is distinct from 'staff_remark'
),

mails as (
    select
        o.person_key,
        o.observed_at
    from own as o
    inner join {{ ref('one_id') }} as m
        on m.id_type = 'email' and o.email = m.id_value and o.person_key = m.person_key
    left join {{ ref('free_mail_domains') }} as f on split_part(o.email, '@', 2) = f.email_domain
    where f.email_domain is null
),

reached as (
    select
        person_key,
        min(observed_at) as reachable_at
    from (
        select
            person_key,
            observed_at
        from mobiles
        union all
        select
            person_key,
            observed_at
        from mails
    ) as ways
    group by person_key
),

identified as (
    select
        n.person_key,
        greatest(n.named_at, r.reachable_at) as identified_at
    from names as n
    inner join reached as r on n.person_key = r.person_key
)

select
    i.person_key,  -- The person within this release: joins identity.person.
    i.identified_at,  -- Since when (UTC).
    o.channel,  -- Channel of the record that completed it.
    o.record_id  -- [pii] The record that completed it.
from identified as i
inner join own as o on i.person_key = o.person_key and i.identified_at = o.observed_at
qualify row_number() over (partition by i.person_key order by o.channel, o.record_id) = 1
