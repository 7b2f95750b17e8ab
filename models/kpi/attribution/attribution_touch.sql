/*
description: The touches before each deal, in their order; of the buyer, or else of the buying group
  (采购团队) of the company. The first touch and the latest others, up to a limit.
grain: [deal_no, touch_no]
*/
{{ config(published=false) }}
{%- set limit = var('attribution_touches_max') %}
with

deals as (
    select
        deal_no,
        deal_at,
        cast(deal_at - interval {{ var('attribution_days') }} day as timestamp) as from_at,
        person_key,
        account_key
    from {{ ref('attribution_deal') }}
),

of_buyers as (
    select
        d.deal_no,
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.campaign_id
    from {{ ref('person_touch') }} as t
    inner join deals as d
        on
            t.person_key = d.person_key
            and t.occurred_at >= d.from_at
            and t.occurred_at <= d.deal_at
    where {{ is_attributed('t') }}
),

-- Deals of companies without a known buyer, or whose buyer has no touches.
group_deals as (
    select
        d.deal_no,
        d.deal_at,
        d.from_at,
        d.account_key
    from deals as d
    anti join of_buyers as b on d.deal_no = b.deal_no
    where d.account_key is not null
),

outsiders as {{ outsiders() }},

-- Who belonged to the company when it bought; the first company of a person also counts before.
tenures as (
    select
        a.account_key,
        a.person_key,
        a.valid_from_at,
        a.valid_to_at,
        row_number() over (
            partition by a.person_key order by a.valid_from_at, a.account_key
        ) as tenure_no
    from {{ ref('person_account') }} as a
    anti join outsiders as x on a.person_key = x.person_key
    where a.valid_from_at is not null
),

members as (
    select
        g.deal_no,
        g.deal_at,
        g.from_at,
        m.person_key,
        case when {{ buying_role('p.title') }} is null then 0 else 1 end as has_role
    from group_deals as g
    inner join tenures as m
        on
            g.account_key = m.account_key
            and (m.tenure_no = 1 or g.deal_at >= m.valid_from_at)
            and coalesce(g.deal_at < m.valid_to_at, true)
    inner join {{ ref('person') }} as p on m.person_key = p.person_key
),

of_members as (
    select
        m.deal_no,
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.campaign_id,
        m.has_role,
        max(m.has_role) over (partition by m.deal_no) as any_role
    from {{ ref('person_touch') }} as t
    inner join members as m
        on
            t.person_key = m.person_key
            and t.occurred_at >= m.from_at
            and t.occurred_at <= m.deal_at
    where {{ is_attributed('t') }}
),

-- People with a buying role; everybody of the company if none of these has touches.
touches as (
    select
        deal_no,
        'buyer' as basis,
        person_key,
        occurred_at,
        channel,
        record_id,
        campaign_id
    from of_buyers
    union all
    select
        deal_no,
        'buying_group' as basis,
        person_key,
        occurred_at,
        channel,
        record_id,
        campaign_id
    from of_members
    where has_role = any_role
),

placed as (
    select
        deal_no,
        basis,
        person_key,
        occurred_at,
        channel,
        record_id,
        campaign_id,
        row_number() over (
            partition by deal_no order by occurred_at, channel, record_id
        ) as place,
        count(*) over (partition by deal_no) as place_count,
        max(occurred_at) over (partition by deal_no) as last_at
    from touches
)

select
    deal_no,  -- Number of the deal in this release; joins attribution_deal.
    case when place = 1 then 1 else place - greatest(place_count - {{ limit }}, 0) end
        as touch_no,  -- Order of the touch: 1 is the first one.
    least(place_count, {{ limit }}) as touch_count,  -- Touches of the deal that are kept.
    basis,  -- buyer or buying_group: whose touches they are.
    person_key,  -- Number of the person in this release; joins identity.person.
    occurred_at,  -- When it happened (UTC).
    last_at,  -- When the last touch of the deal happened (UTC).
    channel,  -- Channel of the touch.
    record_id,  -- [pii] The exported row.
    campaign_id  -- Campaign that the touch belongs to.
from placed
where place = 1 or place > place_count - {{ limit - 1 }}
