/*
description: Journeys by the channels that they led through, for the model shapley. Every deal with
  touches is a journey that ended in a deal. Whoever has touches, but no deal, in the last days is
  one that did not. Journeys through a channel that no deal has lie in no set of channels of a deal
  and are left out.
grain: [coalition]
*/
{{ config(published=false) }}
with

players as (
    select
        channel,
        player_bit
    from {{ ref('attribution_player') }}
),

bounds as (
    select
        cast(fn_as_of_end() - interval {{ var('attribution_days') }} day as timestamp) as from_at
),

deals as (
    select
        t.deal_no,
        bit_or(p.player_bit) as coalition
    from {{ ref('attribution_touch') }} as t
    inner join players as p on t.channel = p.channel
    group by t.deal_no
),

-- Who bought in the last days, for themselves or in the buying group of a company.
buyers as (
    select d.person_key
    from {{ ref('attribution_deal') }} as d
    cross join bounds as b
    where d.person_key is not null and d.deal_at >= b.from_at
    union
    select t.person_key
    from {{ ref('attribution_touch') }} as t
    inner join {{ ref('attribution_deal') }} as d on t.deal_no = d.deal_no
    cross join bounds as b
    where t.basis = 'buying_group' and d.deal_at >= b.from_at
),

outsiders as {{ outsiders() }},

others as (
    select
        t.person_key,
        bit_or(p.player_bit) as coalition
    from {{ ref('person_touch') }} as t
    cross join bounds as b
    left join players as p on t.channel = p.channel
    anti join buyers as d on t.person_key = d.person_key
    anti join outsiders as x on t.person_key = x.person_key
    where t.occurred_at >= b.from_at and {{ is_attributed('t') }}
    group by t.person_key
    having count(p.player_bit) = count(*)
),

journeys as (
    select
        coalition,
        1 as deal_count
    from deals
    union all
    select
        coalition,
        0 as deal_count
    from others
)

select
    coalition,  -- Sum of the players' bits; see attribution_player.
    cast(sum(deal_count) as bigint) as deal_count,  -- Journeys that ended in a deal.
    count(*) as journey_count  -- All journeys.
from journeys
group by coalition
