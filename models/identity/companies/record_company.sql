/*
description: The company that each record names, by its strongest company identifier that is not
  contested. Records that name no company are not listed.
grain: [channel, record_id]
*/
{{ config(published=false, restate='record', through={
    'company_combination_identifier': ['combination_id'], 'account_id': ['id_type', 'id_value']
}) }}
with

combination_account as (
    select
        i.combination_id,
        m.account_key,
        m.strength,
        m.id_type,
        m.id_value
    from {{ ref('company_combination_identifier') }} as i
    inner join {{ ref('account_id') }} as m on i.id_type = m.id_type and i.id_value = m.id_value
    where not m.is_contested
    qualify
        row_number() over (
            partition by i.combination_id order by m.strength, m.id_type, m.id_value
        ) = 1
),

named as (
    select
        r.channel,
        r.record_id,
        r.seen_at,
        k.account_key,
        k.strength,
        k.id_type,
        k.id_value
    from {{ ref('record_company_combination') }} as r
    inner join combination_account as k on r.combination_id = k.combination_id
    where r.state = 'current'
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    seen_at,  -- When it happened (UTC).
    account_key,  -- Number of the company that the record names, within this release.
    strength,  -- Strength of the identifier that names it; 1 is the strongest.
    id_type,  -- Type of that identifier.
    id_value  -- That identifier.
from named
qualify
    row_number() over (
        partition by channel, record_id
        order by strength, id_type, id_value, seen_at nulls last, account_key
    ) = 1
