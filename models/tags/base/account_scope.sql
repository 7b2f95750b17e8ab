/*
description: To which companies which tags apply, as tag_scopes.csv says. Coverage of a tag is
  reckoned against the companies of its scope.
grain: [account_id]
*/
{{ config(published=false) }}
with

-- A won opportunity holds without a line while the order that fulfils it counts as nothing.
purchases as (
    select
        channel,
        record_id
    from {{ ref('deal_hold') }}
    where hold = 'won' and held_to is null
    union all
    select
        channel,
        record_id
    from {{ ref('account_deal_hold') }}
    where hold = 'won' and held_to is null
),

buyers as (
    select r.account_key
    from purchases as p
    inner join {{ ref('record_person') }} as r
        on p.channel = r.channel and p.record_id = r.record_id
    where r.account_key is not null
    union all
    select account_key
    from {{ ref('purchase_line') }}
    where is_kept and account_key is not null
),

customers as (
    select distinct account_key
    from buyers
)

select
    a.account_id,  -- The company.
    a.account_key,  -- Number of the company in this release, for joins.
    true as is_companies,  -- Every company.
    c.account_key is not null
        as is_customers  -- True = has a purchase that was not refunded in full.
from {{ ref('account') }} as a
left join customers as c on a.account_key = c.account_key
