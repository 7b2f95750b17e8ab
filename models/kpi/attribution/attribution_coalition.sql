/*
description: How the model shapley shares out a deal among its channels, for every set of channels
  of a deal. The value of a set is the share of the journeys within it that ended in a deal, or that
  of the best part of it, if this is greater. A channel gets its Shapley value, divided by the value
  of the whole set. Sources are Shapley (1953), A value for n-person games; Dalessandro et al.
  (2012), Causally motivated attribution for online advertising; Zhao et al. (2018), Shapley value
  methods for attribution modeling in online advertising.
grain: [coalition, player_no]
*/
{{ config(published=false) }}
{#- Values are whole numbers, of 10 digits after the point: times 12 factorial, they fit bigint. -#}
{%- macro factorial_of(n) -%}
cast(factorial({{ n }}) as bigint)
{%- endmacro %}
with

players as (
    select distinct
        player_no,
        player,
        player_bit
    from {{ ref('attribution_player') }}
),

journeys as (
    select
        coalition,
        deal_count,
        journey_count
    from {{ ref('attribution_journey') }}
),

bounds as (
    select cast(coalesce(sum(player_bit), 0) as bigint) as all_players
    from players
),

coalitions as (
    select u.coalition
    from bounds as b
    cross join unnest(generate_series(1, b.all_players)) as u (coalition)
),

won as (
    select coalition
    from journeys
    where deal_count > 0
),

-- Only sets of channels that lie within those of a deal.
needed as (
    select distinct c.coalition
    from coalitions as c
    inner join won as w on (c.coalition & w.coalition) = c.coalition
),

shares as (
    select
        n.coalition,
        cast(
            fn_share(10000000000, sum(j.deal_count), sum(j.journey_count)) as bigint
        ) as deal_share
    from needed as n
    inner join journeys as j on (j.coalition & n.coalition) = j.coalition
    group by n.coalition
),

best as (
    select
        n.coalition,
        bit_count(n.coalition) as player_count,
        max(s.deal_share) as value
    from needed as n
    inner join shares as s on (s.coalition & n.coalition) = s.coalition
    group by n.coalition
),

-- A channel's Shapley value, times the factorial of the number of channels.
worth as (
    select
        w.coalition,
        p.player_no,
        p.player,
        cast(sum(
            b.value * case
                when (b.coalition & p.player_bit) > 0
                    then
                        {{ factorial_of('b.player_count - 1') }}
                        * {{ factorial_of('bit_count(w.coalition) - b.player_count') }}
                else
                    -{{ factorial_of('b.player_count') }}
                    * {{ factorial_of('bit_count(w.coalition) - b.player_count - 1') }}
            end
        ) as bigint) as worth
    from won as w
    inner join best as b on (b.coalition & w.coalition) = b.coalition
    inner join players as p on (p.player_bit & w.coalition) > 0
    group by w.coalition, p.player_no, p.player
)

select
    w.coalition,  -- Channels of a deal: the sum of the players' bits; see attribution_player.
    w.player_no,  -- Number of the player.
    w.player,  -- The channel; other = several with few deals.
    b.value as deal_share,  -- Value of the set of channels, in parts of 10,000,000,000.
    cast(
        fn_share(
            1000000000000, w.worth, {{ factorial_of('b.player_count') }} * b.value
        ) as bigint
    ) as credit  -- Share of the deal, in parts of 1,000,000,000,000; rounded down.
from worth as w
inner join best as b on w.coalition = b.coalition
