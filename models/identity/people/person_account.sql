/*
description: The companies that the records of a person name, and when. One of them is the current
  company; a change of jobs shows as two rows in time.
grain: [one_id, account_id]
*/
{{ config(restate='person', through={
    'record_company': ['channel', 'record_id'], 'account_id': ['account_key']
}) }}
with

named as (
    select
        o.person_key,
        c.account_key,
        min(c.seen_at) as first_seen_at,
        max(c.seen_at) as last_seen_at,
        min(c.strength) as strength,
        min(c.id_type || ':' || c.id_value) as named_by,
        count(*) as record_count
    from {{ ref('record_company') }} as c
    inner join {{ ref('record_owner') }} as o
        on c.channel = o.channel and c.record_id = o.record_id
    where o.person_key is not null and c.seen_at is not null
    group by o.person_key, c.account_key
),

-- Companies ordered by when they were named last. A company that is named only while another one is
-- named before and after is a mention. If two begin and end alike, the better known one counts.
ranked as (
    select
        person_key,
        account_key,
        first_seen_at,
        last_seen_at,
        record_count,
        row_number() over (
            partition by person_key
            order by
                last_seen_at desc, strength asc, record_count desc, first_seen_at asc, named_by asc,
                account_key asc
        ) as recency,
        min(first_seen_at) over (
            partition by person_key
            order by
                last_seen_at desc, strength asc, record_count desc, first_seen_at asc, named_by asc,
                account_key asc
            rows between unbounded preceding and 1 preceding
        ) as later_began_at
    from named
),

tenures as (
    select
        person_key,
        account_key,
        first_seen_at as valid_from_at,
        lag(first_seen_at) over (partition by person_key order by recency) as valid_to_at
    from ranked
    where later_began_at is null or first_seen_at < later_began_at
)

select
    p.one_id,  -- The person.
    r.person_key,  -- Number of the person in this release, for joins.
    a.account_id,  -- The company.
    r.account_key,  -- Number of the company in this release, for joins.
    t.person_key is not null and t.valid_to_at is null
        as is_current,  -- True = the current company of the person.
    t.valid_from_at,  -- When the person joined the company (UTC); NULL = only mentioned.
    t.valid_to_at,  -- When the next company was named (UTC); NULL = current, or only mentioned.
    r.first_seen_at,  -- Earliest record of the person that names it (UTC).
    r.last_seen_at,  -- Latest record of the person that names it (UTC).
    r.record_count  -- Number of records of the person that name it.
from ranked as r
inner join {{ ref('one_id') }} as p on r.person_key = p.person_key and p.is_anchor
inner join {{ ref('account_id') }} as a on r.account_key = a.account_key and a.is_anchor
left join tenures as t on r.person_key = t.person_key and r.account_key = t.account_key
