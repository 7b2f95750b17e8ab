/*
description: Who gets the last seat of each coming event. People ask for as many events as they may
  still hear from us, the best first. An event with more askers than seats refuses the last of them;
  they ask for their next event, until nobody is refused any more.
grain: [event_id]
*/
-- noqa: disable=LT02
{{- config(materialized='fixpoint', seed=ref('invite_cut_start'), published=false) }}
{#- A fixpoint takes at most 50 turns, and a hundred small events may take more rounds. -#}
{%- set rounds = 4 %}
with

wishes as (
    select
        event_id,
        person_key,
        wish_no,
        place_no,
        open_touches,
        seats
    from {{ ref('invite_wish') }}
),

cut_0 as (
    select
        event_id,
        last_place_no
    from {{ this }}
),
{%- for number in range(1, rounds + 1) %}

asking_{{ number }} as (
    select
        w.event_id,
        w.place_no,
        w.seats
    from wishes as w
    inner join cut_{{ number - 1 }} as c on w.event_id = c.event_id
    where c.last_place_no is null or w.place_no <= c.last_place_no
    qualify
        row_number() over (partition by w.person_key order by w.wish_no asc) <= w.open_touches
),

seated_{{ number }} as (
    select
        event_id,
        place_no
    from asking_{{ number }}
    qualify row_number() over (partition by event_id order by place_no asc) = seats
),

cut_{{ number }} as (
    select
        c.event_id,
        s.place_no as last_place_no
    from cut_{{ number - 1 }} as c
    left join seated_{{ number }} as s on c.event_id = s.event_id
){{ ',' if not loop.last }}
{%- endfor %}

select
    event_id,  -- The event.
    last_place_no  -- The last place_no that has a seat; NULL = there are seats left.
from cut_{{ rounds }}
