/*
description: Channels, from their contracts; the title is taken apart into a Chinese and an English
  name.
grain: [channel]
*/
{{ config(entities={'channel': 'channel'}) }}
with

members as (
    select
        channel,
        domain,
        owner,
        {{ title_zh('title') }} as name_zh,
        {{ title_en('title') }} as name_en
    from {{ source('ops', 'channel_status') }}
)

select
    channel,  -- Key; member of the KPI dimension 'channel'.
    domain,  -- private or public: whose traffic it is.
    owner,  -- Owner of the channel, whom on-call asks.
    {{ member_names('channel') }}
from members
