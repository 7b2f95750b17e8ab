/*
description: The company that each record names with an account or a name, before candidates join
  by themselves. Outside matchers name companies by such records.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

named as (
    select
        channel,
        record_id,
        company_name,
        crm_account_id
    from {{ ref('contact') }}
    union
    select
        channel,
        record_id,
        company_name,
        crm_account_id
    from {{ ref('company') }}
),

-- Only records that a matcher names.
wanted as (
    select distinct left_record as record
    from {{ ref('matcher_pairs') }}
    where entity = 'company'
    union
    select distinct right_record as record
    from {{ ref('matcher_pairs') }}
    where entity = 'company'
),

keyed as (
    select
        n.channel,
        n.record_id,
        p.name_key,
        n.crm_account_id
    from named as n
    inner join wanted as w on n.channel || ':' || n.record_id = w.record
    left join {{ ref('company_name_part') }} as p on n.company_name = p.company_name
),

nodes as (
    select
        k.channel,
        k.record_id,
        m.cluster_key,
        i.strength,
        i.node
    from keyed as k
    inner join {{ ref('company_identifier') }} as i
        on
            (i.id_type = 'company_name' and k.name_key = i.id_value)
            or (i.id_type = 'crm_account_id' and k.crm_account_id = i.id_value)
    inner join {{ ref('company_cluster') }} as m on i.node = m.node
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    cluster_key  -- The company within this release.
from nodes
qualify row_number() over (partition by channel, record_id order by strength, node) = 1
