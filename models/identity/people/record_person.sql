/*
description: Whose row each record is (the person), and of what company; the one it names, else the
  one the person belonged to at its time.
grain: [channel, record_id]
*/
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
        -- Before the first company was named the person was there already, for all that is known.
        case
            when
                row_number() over (partition by person_key order by valid_from_at, account_key) > 1
                then valid_from_at
        end as valid_from_at
    from {{ ref('person_account') }}
    where valid_from_at is not null
),

belonging as (
    select
        r.channel,
        r.record_id,
        t.account_key
    from records as r
    inner join tenures as t on r.person_key = t.person_key
    where
        (t.valid_from_at is null or r.seen_at >= t.valid_from_at)
        and (t.valid_to_at is null or r.seen_at < t.valid_to_at)
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
    r.person_key,  -- The person within this release: a number to join by.
    p.one_id,  -- The person; NULL when nobody is known to stand behind it.
    a.account_key,  -- The company within this release: a number to join by.
    a.account_id,  -- The company; NULL when none is known.
    case
        when c.account_key is not null then 'record'
        when b.account_key is not null then 'person'
    end as account_basis  -- record: it names the company; person: who stands behind it was there.
from records as r
left join people as p on r.person_key = p.person_key
left join {{ ref('record_company') }} as c
    on r.channel = c.channel and r.record_id = c.record_id
left join belonging as b on r.channel = b.channel and r.record_id = b.record_id
left join accounts as a on coalesce(c.account_key, b.account_key) = a.account_key
