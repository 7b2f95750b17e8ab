/*
description: When we could first name and reach each person. This needs a real name, and a mobile
  number that they gave themselves or a mail address of their company.
grain: [person_key]
*/
{{ config(published=false, restate='person', calendar=['observed_at']) }}
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

mobiles as (
    select
        o.person_key,
        o.channel,
        o.record_id,
        o.observed_at
    from own as o
    inner join {{ ref('one_id') }} as m
        on m.id_type = 'mobile' and o.mobile = m.id_value and o.person_key = m.person_key
    where o.mobile_source is distinct from 'staff_remark'
),

mails as (
    select
        o.person_key,
        o.channel,
        o.record_id,
        o.observed_at
    from own as o
    inner join {{ ref('one_id') }} as m
        on m.id_type = 'email' and o.email = m.id_value and o.person_key = m.person_key
    left join {{ ref('free_mail_domains') }} as f on split_part(o.email, '@', 2) = f.email_domain
    where f.email_domain is null
),

proofs as (
    select
        person_key,
        'name' as what,
        channel,
        record_id,
        observed_at
    from own
    where full_name is not null
    union all
    select
        person_key,
        'way' as what,
        channel,
        record_id,
        observed_at
    from mobiles
    union all
    select
        person_key,
        'way' as what,
        channel,
        record_id,
        observed_at
    from mails
),

-- The first name and the first way to reach the person; the later of the two is the evidence.
firsts as (
    select
        p.person_key,
        p.what,
        min({{ proof('p', 'observed_at') }}) as proof
    from proofs as p
    group by p.person_key, p.what
),

completed as (
    select
        person_key,
        max(proof.occurred_at) as identified_at
    from firsts
    group by person_key
    having count(*) = 2
)

select
    c.person_key,  -- Number of the person in this release; joins identity.person.
    c.identified_at,  -- Since when (UTC).
    f.proof.channel,  -- Channel of the record that completed it.
    f.proof.record_id  -- [pii] The record that completed it.
from completed as c
inner join firsts as f on c.person_key = f.person_key and c.identified_at = f.proof.occurred_at
qualify
    row_number() over (
        partition by c.person_key order by f.proof.channel, f.proof.record_id
    ) = 1
