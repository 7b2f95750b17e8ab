/*
description: The stage of each company at the end of as_of; the furthest stage among its current
  people whom no rule excludes and its own deals, with the buying group (采购团队). Its own deals are
  those that name the company and no known person.
grain: [account_id]
*/
with

members as (
    select
        a.account_id,
        a.account_key,
        s.stage_rank,
        s.since_at,
        s.is_dormant,
        {{ buying_role('p.title') }} as buying_role
    from {{ ref('person_account') }} as a
    inner join {{ ref('person_stage') }} as s on a.person_key = s.person_key
    inner join {{ ref('person') }} as p on a.person_key = p.person_key
    where a.is_current and s.exclusion is null
),

outsiders as (
    select a.account_key
    from {{ ref('account') }} as a
    inner join {{ ref('exclusion_rules') }} as r
        on lower(a.account_type) = lower(trim(r.value))
    where r.signal = 'account_type' and r.effect = 'exclude'
),

-- Deals of the company itself: won while one is kept, pending while an opportunity is open. After
-- everything was lost or refunded it goes back, as people do.
own_deals as (
    select
        h.account_id,
        h.account_key,
        case
            when h.held_to is null and h.hold = 'won' then {{ stage_rank('won') }}
            when h.held_to is null then {{ stage_rank('pending') }}
            else {{ stage_rule('back_to_rank') }}
        end as stage_rank,
        coalesce(h.held_to, h.held_from) as since_at,
        h.held_to is null as is_holding,
        greatest(h.held_from, h.held_to) as seen_at
    from {{ ref('account_deal_hold') }} as h
    anti join outsiders as x on h.account_key = x.account_key
    where h.held_from is not null and (h.held_to is null or h.hold = 'won' or h.is_lost)
),

steps as (
    select
        account_id,
        account_key,
        stage_rank,
        since_at,
        is_dormant,
        buying_role,
        1 as is_person,
        0 as is_holding
    from members
    union all
    select
        account_id,
        account_key,
        stage_rank,
        since_at,
        seen_at < fn_as_of_end() - interval {{ var('dormant_days') }} day as is_dormant,
        cast(null as varchar) as buying_role,
        0 as is_person,
        case when is_holding then 1 else 0 end as is_holding
    from own_deals
),

tops as (
    select
        account_id,
        account_key,
        max(stage_rank) as stage_rank,
        count(*) filter (where is_person = 1) as people_count,
        count(*) filter (where is_person = 1 and not is_dormant) as awake_count,
        count(*) filter (where is_holding = 1) as own_deal_count,
        count(*) filter (where not is_dormant) = 0 as is_dormant,
        count(*) filter (where buying_role = 'decision_maker') as decision_maker_count,
        count(*) filter (where buying_role = 'buyer') as buyer_count,
        count(*) filter (where buying_role = 'influencer') as influencer_count,
        count(*) filter (where buying_role = 'user') as user_count,
        count(distinct buying_role) as role_count
    from steps
    group by account_id, account_key
),

leaders as (
    select
        m.account_key,
        min(m.since_at) as since_at,
        count(*) filter (where m.is_person = 1) as leader_count
    from steps as m
    inner join tops as t on m.account_key = t.account_key and m.stage_rank = t.stage_rank
    group by m.account_key
)

select
    t.account_id,  -- The company.
    t.account_key,  -- Number of the company in this release, for joins.
    s.stage,  -- visitor, potential, profiled, intent, pending or won.
    t.stage_rank,  -- 1 visitor … 6 won.
    s.name_zh as stage_zh,  -- Chinese name of the stage.
    t.is_dormant,  -- True = no touch of its people and no deal of its own for dormant_days.
    l.since_at,  -- When the first of the people or deals in this stage reached it (UTC).
    date_diff('day', fn_local_date(l.since_at), fn_as_of()) as days_in_stage,  -- Days since then.
    t.people_count,  -- Number of current people with a stage.
    t.awake_count,  -- Number of these who are not dormant.
    l.leader_count,  -- Number of people in the stage of the company.
    t.decision_maker_count,  -- Number whose title says that they decide, by buying_roles.csv.
    t.buyer_count,  -- Number whose title says that they buy.
    t.influencer_count,  -- Number whose title says that they have influence.
    t.user_count,  -- Number whose title says that they use the product.
    t.role_count,  -- Number of the four buying roles that are known there.
    t.own_deal_count  -- Number of deals that hold the company itself, without a known person.
from tops as t
inner join leaders as l on t.account_key = l.account_key
inner join {{ ref('stages') }} as s on t.stage_rank = cast(s.stage_rank as bigint)
