/*
description: The stage of each company at the end of as_of; the furthest stage among its current
  people whom no rule excludes, with the buying group (采购团队).
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
        case
            when p.title is null then cast(null as varchar)
            {%- for row in reference('buying_roles') | sort(attribute='role_order') %}
            when regexp_matches(lower(p.title), {{ literal(row.title_regex | lower) }})
                then {{ literal(row.buying_role) }}
            {%- endfor %}
        end as buying_role
    from {{ ref('person_account') }} as a
    inner join {{ ref('person_stage') }} as s on a.person_key = s.person_key
    inner join {{ ref('person') }} as p on a.person_key = p.person_key
    where a.is_current and s.exclusion is null
),

tops as (
    select
        account_id,
        account_key,
        max(stage_rank) as stage_rank,
        count(*) as people_count,
        count(*) filter (where not is_dormant) as awake_count,
        count(*) filter (where buying_role = 'decision_maker') as decision_maker_count,
        count(*) filter (where buying_role = 'buyer') as buyer_count,
        count(*) filter (where buying_role = 'influencer') as influencer_count,
        count(*) filter (where buying_role = 'user') as user_count,
        count(distinct buying_role) as role_count
    from members
    group by account_id, account_key
),

leaders as (
    select
        m.account_key,
        min(m.since_at) as since_at,
        count(*) as leader_count
    from members as m
    inner join tops as t on m.account_key = t.account_key and m.stage_rank = t.stage_rank
    group by m.account_key
)

select
    t.account_id,  -- The company.
    t.account_key,  -- Number of the company in this release, for joins.
    s.stage,  -- visitor, potential, profiled, intent, pending or won.
    t.stage_rank,  -- 1 visitor … 6 won.
    s.name_zh as stage_zh,  -- Chinese name of the stage.
    t.awake_count = 0 as is_dormant,  -- True = none of its people has touched us for dormant_days.
    l.since_at,  -- When the first of the people in this stage reached it (UTC).
    date_diff('day', fn_local_date(l.since_at), fn_as_of()) as days_in_stage,  -- Days since then.
    t.people_count,  -- Number of current people with a stage.
    t.awake_count,  -- Number of these who are not dormant.
    l.leader_count,  -- Number of people in the stage of the company.
    t.decision_maker_count,  -- Number whose title says that they decide, by buying_roles.csv.
    t.buyer_count,  -- Number whose title says that they buy.
    t.influencer_count,  -- Number whose title says that they have influence.
    t.user_count,  -- Number whose title says that they use the product.
    t.role_count  -- Number of the four buying roles that are known there.
from tops as t
inner join leaders as l on t.account_key = l.account_key
inner join {{ ref('stages') }} as s on t.stage_rank = cast(s.stage_rank as bigint)
