/*
description: What channels know about known people, with the number of the person. Several tag
  classes read it, so that records are joined to people only once.
grain: [channel, record_id]
*/
{{ config(published=false, restate='person') }}
select
    c.channel,  -- Channel code.
    c.record_id,  -- [pii] The exported row.
    r.person_key,  -- Number of the person in this release; joins identity.person.
    c.observed_at,  -- When the channel knew this (UTC).
    c.full_name,  -- [pii] Name, as given.
    c.mobile,  -- [pii] Mobile, E.164.
    c.email,  -- [pii] Mail address.
    c.title,  -- Job title, as given.
    c.province,  -- Province, as given.
    c.city,  -- City, as given.
    c.company_name,  -- Company name, as given.
    c.mobile_source,  -- Who gave the mobile: self or staff_remark.
    c.consent,  -- Consent to be contacted, as the channel records it.
    c.add_way,  -- How the person was added on WeCom.
    c.source_campaign_id,  -- Campaign that brought the person, as the channel records it.
    c.referrer_value is not null as is_referred  -- True = it names who referred the person.
from {{ ref('contact') }} as c
inner join {{ ref('record_person') }} as r
    on c.channel = r.channel and c.record_id = r.record_id
where r.person_key is not null
