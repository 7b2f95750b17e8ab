/*
description: People whom rules exclude by their company, for the time that they belong to it.
grain: [person_key, rule, since_at]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

names as (
    select distinct {{ normal_company_name('value') }} as company_name
    from {{ ref('competitors') }}
    where kind = 'company_name' and {{ normal_company_name('value') }} is not null
),

{{ parted_names('names') }},

listed as (
    select
        'company_name' as id_type,
        region || core as id_value
    from parted
    where core <> ''
    union
    select
        kind as id_type,
        lower(trim(value)) as id_value
    from {{ ref('competitors') }}
    where kind = 'email_domain'
),

accounts as (
    select distinct
        m.account_key,
        r.rule
    from {{ ref('account_id') }} as m
    inner join listed as l on m.id_type = l.id_type and m.id_value = l.id_value
    cross join {{ exclusion_rules_by(['listed_competitor']) }} as r
    where not m.is_contested
    union
    select
        a.account_key,
        r.rule
    from {{ ref('account') }} as a
    inner join {{ exclusion_rules_by(['account_type']) }} as r
        on lower(a.account_type) = lower(trim(r.value))
),

tenures as (
    select
        p.person_key,
        p.account_key,
        a.rule,
        p.valid_from_at,
        p.valid_to_at
    from {{ ref('person_account') }} as p
    inner join accounts as a on p.account_key = a.account_key
    where p.valid_from_at < fn_as_of_end()
)

select
    t.person_key,  -- Number of the person in this release; joins identity.person.
    t.rule,  -- Rule of exclusion_rules.csv.
    t.valid_from_at as since_at,  -- When the person joined the company (UTC).
    t.valid_to_at as until_at,  -- When the person left the company (UTC); NULL = still there.
    r.channel,  -- Channel of the record that is the evidence.
    r.record_id  -- [pii] The record that is the evidence.
from tenures as t
left join {{ ref('record_company') }} as c
    on t.account_key = c.account_key and t.valid_from_at = c.seen_at
left join {{ ref('record_person') }} as r
    on
        c.channel = r.channel
        and c.record_id = r.record_id
        and t.person_key = r.person_key
qualify
    row_number() over (
        partition by t.person_key, t.rule, t.valid_from_at
        order by r.channel nulls last, r.record_id nulls last, t.account_key
    ) = 1
