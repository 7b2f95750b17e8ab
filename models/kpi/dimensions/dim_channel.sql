/*
description: Channels, from their contracts; the title is taken apart into a Chinese and an English
  name.
grain: [channel]
*/
with

-- The Chinese name is the title up to the word with its last Chinese character.
titles as (
    select
        channel,
        domain,
        owner,
        title,
        regexp_extract(title, '^(.*[一-龥][^ ]*)', 1) as title_zh
    from {{ source('ops', 'channel_status') }}
),

members as (
    select
        channel,
        domain,
        owner,
        nullif(title_zh, '') as name_zh,
        nullif(trim(substr(title, length(title_zh) + 1)), '') as name_en
    from titles
)

select
    channel,  -- Key; member of the KPI dimension 'channel'.
    domain,  -- private or public: whose traffic it is.
    owner,  -- Owner of the channel, whom on-call asks.
    {{ member_names('channel') }}
from members
