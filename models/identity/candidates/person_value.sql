/*
description: What is known of each person for a comparison with others. One row per person and
  value; a person may have several names or mobiles.
grain: [cluster_key, kind, value]
*/
{{ config(published=false) }}
with

contacts as (
    select
        k.cluster_key,
        n.name_key,
        s.sound,
        c.title,
        coalesce(c.city, c.province) as place,
        cast(r.account_key as varchar) as company
    from {{ ref('contact') }} as c
    inner join {{ ref('contact_cluster') }} as k
        on c.channel = k.channel and c.record_id = k.record_id
    left join {{ ref('person_name') }} as n on c.full_name = n.full_name
    left join {{ ref('name_sound') }} as s on n.name_key = s.name
    left join {{ ref('record_company') }} as r
        on c.channel = r.channel and c.record_id = r.record_id
),

-- A mailbox of a company, such as sales@, is blocked as an identifier; it is not compared.
identifiers as (
    select
        c.cluster_key,
        i.id_type,
        i.id_value,
        t.is_unique = 'true' as is_unique,
        t.parts
    from {{ ref('node_cluster') }} as c
    inner join {{ ref('identifier_seen') }} as i on c.node = i.node
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
),

found as (
    select
        cluster_key,
        'name' as kind,
        name_key as value
    from contacts
    union
    select
        cluster_key,
        'sound' as kind,
        sound as value
    from contacts
    union
    select
        cluster_key,
        'title' as kind,
        title as value
    from contacts
    union
    select
        cluster_key,
        'place' as kind,
        place as value
    from contacts
    union
    select
        cluster_key,
        'company' as kind,
        company as value
    from contacts
    union
    select
        cluster_key,
        'mobile' as kind,
        right(id_value, 11) as value
    from identifiers
    where id_type = 'mobile'
    union
    select
        cluster_key,
        'mail' as kind,
        id_value as value
    from identifiers
    where id_type = 'email'
    union
    select
        cluster_key,
        'mailbox' as kind,
        split_part(id_value, '@', 1) as value
    from identifiers
    where id_type = 'email'
    union
    select
        cluster_key,
        'account' as kind,
        id_type as value
    from identifiers
    where is_unique
    union
    select
        cluster_key,
        id_type as kind,
        id_value as value
    from identifiers
    where coalesce(parts, '') <> ''
),

-- Only who has a name or a composite can be compared.
comparable as (
    select distinct f.cluster_key
    from found as f
    left join {{ ref('identifier_types') }} as t on f.kind = t.id_type
    where f.value is not null and (f.kind = 'name' or coalesce(t.parts, '') <> '')
)

select
    f.cluster_key,  -- The person within this release.
    f.kind,  -- name, sound, title, place, company, mobile, mail, mailbox, account, or a composite.
    f.value,  -- [pii] The value.
    count(*) over (partition by f.kind, f.value) as holder_count  -- How many people have it.
from found as f
semi join comparable as c on f.cluster_key = c.cluster_key
where f.value is not null
