/*
description: Channels that deals have touches in, as players of the model shapley. If there are too
  many for all their coalitions, those with the fewest deals are one player.
grain: [channel]
*/
{{ config(published=false) }}
{%- set limit = var('attribution_channels_max') %}
with

channels as (
    select
        channel,
        count(distinct deal_no) as deal_count
    from {{ ref('attribution_touch') }}
    group by channel
),

ranked as (
    select
        channel,
        deal_count,
        row_number() over (order by deal_count desc, channel asc) as channel_no,
        count(*) over () as channel_count
    from channels
)

select
    channel,  -- Channel of touches.
    deal_count,  -- Deals that have touches in it.
    case
        when channel_count <= {{ limit }} or channel_no < {{ limit }} then channel
        else 'other'
    end as player,  -- The channel itself, or other.
    least(channel_no, {{ limit }}) as player_no,  -- Number of the player, from 1.
    cast(round(power(2, least(channel_no, {{ limit }}) - 1)) as bigint)
        as player_bit  -- 2 to the power of player_no - 1. A coalition is the sum of its players.
from ranked
