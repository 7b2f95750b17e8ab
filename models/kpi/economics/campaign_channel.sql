/*
description: The channel that each campaign counts to; the one that brought most of its people, or
  the one in which most of its money was spent if it brought nobody.
grain: [campaign_id]
*/
{{ config(published=false) }}
with

brought as (
    select
        p.source_campaign_id as campaign_id,
        p.first_channel as channel,
        count(*) as people_count,
        cast(0 as decimal(18, 2)) as amount
    from {{ ref('person') }} as p
    anti join {{ outsiders() }} as x on p.person_key = x.person_key
    where p.source_campaign_id is not null
    group by p.source_campaign_id, p.first_channel
),

paid as (
    select
        campaign_id,
        channel,
        0 as people_count,
        coalesce(sum(amount), 0) as amount
    from {{ ref('spend') }}
    where campaign_id is not null and spend_date <= fn_as_of()
    group by campaign_id, channel
),

channels as (
    select
        campaign_id,
        channel,
        people_count,
        amount
    from brought
    union all
    select
        campaign_id,
        channel,
        people_count,
        amount
    from paid
)

select
    campaign_id,  -- Campaign that brought people or cost money.
    channel  -- Its channel.
from channels
qualify
    row_number() over (
        partition by campaign_id order by people_count desc, amount desc, channel asc
    ) = 1
