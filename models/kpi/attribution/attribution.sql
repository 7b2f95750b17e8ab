/*
description: Attribution of revenue 归因; which touches each deal is due to, by six models. In each,
  the shares of a deal add up to 1 and the amounts to its net revenue. first and last give it to one
  touch; linear to all alike; position most of it to the first and the last; time_decay more to the
  later ones; shapley by what the channels add to each other. A touch with a share of 0 has no row.
grain: [channel, deal_id, model, touch_channel, touch_record_id]
*/
{{ config(restricted=false) }}
{%- set whole = 1000000000000 %}
{%- set percent = var('attribution_position_percent') %}
{%- set spread = ['linear', 'position', 'time_decay', 'shapley'] %}
{%- set kept = {'first': 'touch_no = 1', 'last': 'is_last = 1'} %}
{%- set names = {
    'first': '首次触点', 'last': '末次触点', 'linear': '平均分配', 'position': '首末为主', 'time_decay': '时间衰减',
    'shapley': '夏普利值'
} %}
with

deals as (
    select
        deal_no,
        channel,
        deal_id,
        deal_date,
        abs({{ in_cents('amount') }}) as cents,
        case when amount < 0 then -1 else 1 end as direction
    from {{ ref('attribution_deal') }}
),

touches as (
    select
        t.deal_no,
        t.touch_no,
        t.touch_count,
        t.last_at,
        t.basis,
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.campaign_id,
        p.player_no,
        p.player_bit
    from {{ ref('attribution_touch') }} as t
    inner join {{ ref('attribution_player') }} as p on t.channel = p.channel
),

coalitions as (
    select
        deal_no,
        bit_or(player_bit) as coalition
    from touches
    group by deal_no
),

player_touches as (
    select
        deal_no,
        player_no,
        count(*) as touch_count
    from touches
    group by deal_no, player_no
),

credits as (
    select
        n.deal_no,
        n.player_no,
        cast(fn_share(c.credit, 1, n.touch_count) as bigint) as credit
    from player_touches as n
    inner join coalitions as s on n.deal_no = s.deal_no
    inner join {{ ref('attribution_coalition') }} as c
        on s.coalition = c.coalition and n.player_no = c.player_no
),

-- A touch weighs half as much for each half-life that it lies before the last one.
aged as (
    select
        deal_no,
        touch_no,
        player_no,
        touch_count,
        cast(round({{ whole }} * power(
            0.5,
            date_diff(
                'second', date_trunc('second', occurred_at), date_trunc('second', last_at)
            ) / cast({{ var('attribution_half_life_days') * 86400 }} as double)
        )) as bigint) as weight
    from touches
),

weights as (
    select
        deal_no,
        sum(weight) as weight
    from aged
    group by deal_no
),

-- Shares in whole numbers, rounded down.
floors as (
    select
        a.deal_no,
        a.touch_no,
        case when a.touch_no = a.touch_count then 1 else 0 end as is_last,
        fn_share({{ whole }}, 1, a.touch_count) as linear,
        case
            when a.touch_count <= 2 then fn_share({{ whole }}, 1, a.touch_count)
            when a.touch_no in (1, a.touch_count) then fn_share({{ whole }}, {{ percent }}, 100)
            else fn_share({{ whole }}, {{ 100 - 2 * percent }}, 100 * (a.touch_count - 2))
        end as position,
        fn_share({{ whole }}, a.weight, w.weight) as time_decay,
        c.credit as shapley
    from aged as a
    inner join weights as w on a.deal_no = w.deal_no
    inner join credits as c on a.deal_no = c.deal_no and a.player_no = c.player_no
),

floor_sums as (
    select
        {%- for model in spread %}
        sum({{ model }}) as {{ model }},
        {%- endfor %}
        deal_no
    from floors
    group by deal_no
),

-- The last touch gets what rounding down left.
shares as (
    select
        f.deal_no,
        f.touch_no,
        {%- for model in spread %}
        cast(f.{{ model }} + f.is_last * ({{ whole }} - s.{{ model }}) as bigint) as {{ model }},
        {%- endfor %}
        f.is_last
    from floors as f
    inner join floor_sums as s on f.deal_no = s.deal_no
),

-- Amounts in cents, rounded down. Places order the touches of a deal by share, then by their order.
parts as (
    select
        s.deal_no,
        s.touch_no,
        {%- for model in spread %}
        s.{{ model }},
        s.{{ model }} * 10000 + s.touch_no as {{ model }}_place,
        cast(fn_share(d.cents, s.{{ model }}, {{ whole }}) as bigint) as {{ model }}_cents,
        {%- endfor %}
        s.is_last,
        d.cents
    from shares as s
    inner join deals as d on s.deal_no = d.deal_no
),

part_sums as (
    select
        {%- for model in spread %}
        sum({{ model }}_cents) as {{ model }}_cents,
        max({{ model }}_place) as {{ model }}_top,
        {%- endfor %}
        deal_no
    from parts
    group by deal_no
),

-- The touch with the largest share, of several the latest, gets the cents that are left.
cents as (
    select
        p.deal_no,
        p.touch_no,
        {%- for model in spread %}
        p.{{ model }},
        p.{{ model }}_cents,
        p.cents - s.{{ model }}_cents as {{ model }}_rest,
        case when p.{{ model }}_place = s.{{ model }}_top then 1 else 0 end as {{ model }}_is_top,
        {%- endfor %}
        p.is_last,
        p.cents
    from parts as p
    inner join part_sums as s on p.deal_no = s.deal_no
),

described as (
    select
        c.touch_no,
        c.is_last,
        c.cents,
        {%- for model in spread %}
        c.{{ model }},
        c.{{ model }}_cents + c.{{ model }}_is_top * c.{{ model }}_rest as {{ model }}_cents,
        {%- endfor %}
        d.channel,
        d.deal_id,
        d.deal_date,
        d.direction,
        t.channel as touch_channel,
        t.record_id as touch_record_id,
        t.occurred_at as touched_at,
        t.campaign_id as touch_campaign_id,
        t.basis,
        p.one_id
    from cents as c
    inner join touches as t on c.deal_no = t.deal_no and c.touch_no = t.touch_no
    inner join deals as d on c.deal_no = d.deal_no
    inner join {{ ref('person') }} as p on t.person_key = p.person_key
),

models as (
    {%- for model in names %}
    select '{{ model }}' as model
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

credited as (
    {%- for model in names %}
    {%- set is_spread = model in spread %}
    select
        channel,
        deal_id,
        deal_date,
        '{{ model }}' as model,
        touch_channel,
        touch_record_id,
        touched_at,
        touch_campaign_id,
        basis,
        one_id,
        {{ model if is_spread else whole }} as share,
        direction * {{ model ~ '_cents' if is_spread else 'cents' }} as cents
    from described
    where {{ model ~ ' > 0' if is_spread else kept[model] }}
    union all
    {%- endfor %}
    select
        d.channel,
        d.deal_id,
        d.deal_date,
        m.model,
        null as touch_channel,
        null as touch_record_id,
        null as touched_at,
        null as touch_campaign_id,
        'unattributed' as basis,
        null as one_id,
        {{ whole }} as share,
        d.direction * d.cents as cents
    from deals as d
    anti join touches as t on d.deal_no = t.deal_no
    cross join models as m
)

select
    channel,  -- Channel of the deal.
    deal_id,  -- Order or opportunity number.
    deal_date,  -- Business date on which it was first ordered or won.
    model,  -- first, last, linear, position, time_decay or shapley.
    case model
        {%- for model, name in names.items() %}
        when '{{ model }}' then '{{ name }}'
        {%- endfor %}
    end as model_zh,  -- Chinese name of the model.
    touch_channel,  -- Channel of the touch; NULL = the deal has no touches.
    touch_record_id,  -- [pii] The exported row of the touch; NULL = the deal has no touches.
    touched_at,  -- When the touch happened (UTC).
    touch_campaign_id,  -- Campaign that the touch belongs to.
    basis,  -- Whose touches they are: buyer, buying_group, or unattributed (no touches).
    case basis
        when 'buyer' then '购买人'
        when 'buying_group' then '采购团队'
        else '未归因'
    end as basis_zh,  -- Chinese name of basis.
    one_id,  -- The person of the touch.
    cast(cast(share as decimal(24, 0)) * 0.000000000001 as decimal(18, 12))
        as share,  -- Share of the deal. In each model, those of a deal add up to 1.
    cast(cast(cents as decimal(36, 0)) * 0.01 as decimal(18, 2))
        as amount  -- Part of the net revenue. In each model, those of a deal add up to it.
from credited
