/*
description: The person that each record belongs to, and its company: the company that the record
  names, or else the company of the person at that time.
grain: [channel, record_id]
*/
{{ config(restate='record', through={
    'one_id': ['person_key'], 'person_account': ['person_key'], 'account_id': ['account_key']
}) }}
with

records as (
    select
        channel,
        record_id,
        seen_at,
        person_key
    from {{ ref('record_owner') }}
    union all
    select distinct
        c.channel,
        c.record_id,
        cast(null as timestamp) as seen_at,
        cast(null as bigint) as person_key
    from {{ ref('company') }} as c
    anti join {{ ref('record_owner') }} as o
        on c.channel = o.channel and c.record_id = o.record_id
),

tenures as (
    select
        person_key,
        account_key,
        valid_to_at,
        -- The first company also counts for the time before it was named.
        case
            when
                row_number() over (partition by person_key order by valid_from_at, account_key) > 1
                then valid_from_at
        end as valid_from_at
    from {{ ref('person_account') }}
    where valid_from_at is not null
),

people as (
    select
        person_key,
        one_id
    from {{ ref('one_id') }}
    where is_anchor
),

accounts as (
    select
        account_key,
        account_id
    from {{ ref('account_id') }}
    where is_anchor
)

select
    r.channel,  -- Channel code.
    r.record_id,  -- [pii] The exported row.
    r.person_key,  -- Number of the person in this release, for joins.
    p.one_id,  -- The person; NULL = unknown.
    a.account_key,  -- Number of the company in this release, for joins.
    a.account_id,  -- The company; NULL = unknown.
    case
        when c.account_key is not null then 'record'
        when t.account_key is not null then 'person'
    end as account_basis  -- record: the record names it; person: the company of the person then.
from records as r
left join people as p on r.person_key = p.person_key
left join {{ ref('record_company') }} as c
    on r.channel = c.channel and r.record_id = c.record_id
left join tenures as t
    on
        r.person_key = t.person_key
        and (t.valid_from_at is null or r.seen_at >= t.valid_from_at)
        and (t.valid_to_at is null or r.seen_at < t.valid_to_at)
left join accounts as a on coalesce(c.account_key, t.account_key) = a.account_key
