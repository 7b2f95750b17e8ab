/*
description: The stage of each person at the end of as_of, and any exclusion that keeps them from
  being a lead.
grain: [one_id]
*/
with

latest_move as (
    select
        person_key,
        max(moved_at) as since_at
    from {{ ref('stage_transition') }}
    group by person_key
)

select
    i.one_id,  -- The person.
    i.person_key,  -- Number of the person in this release, for joins.
    i.stage,  -- visitor, potential, profiled, intent, pending or won.
    cast(s.stage_rank as bigint) as stage_rank,  -- 1 visitor … 6 won.
    s.name_zh as stage_zh,  -- Chinese name of the stage.
    i.is_dormant,  -- True = no inbound touch for dormant_days.
    m.since_at,  -- When the person entered this stage (UTC).
    date_diff('day', fn_local_date(m.since_at), fn_as_of()) as days_in_stage,  -- Days since then.
    case
        when i.stage in ('visitor', 'potential') then 'awareness'
        when i.stage = 'profiled' then 'nurture'
        when i.stage in ('intent', 'pending') then 'selection'
        else 'advocacy'
    end as content_stage,  -- Kind of content that fits the stage.
    case
        when r.is_loyal then 'loyal'
        when r.is_buyer then 'won'
        when r.is_settled then 'settled'
        else 'lead'
    end as trust_step,  -- Step of trust (信任四步): lead, settled, won or loyal.
    case
        when r.is_loyal then '持续粘性'
        when r.is_buyer then '转化成交'
        when r.is_settled then '用户沉淀'
        else '客户线索'
    end as trust_step_zh,  -- Chinese name of the step of trust.
    x.kind as exclusion,  -- learner, competitor, bot, staff or partner; NULL = not excluded.
    x.rule as exclusion_rule,  -- Rule of exclusion_rules.csv that excludes the person.
    x.since_at as excluded_since_at,  -- Since when (UTC).
    x.kind is null and cast(s.stage_rank as bigint) >= {{ stage_rule('lead_rank') }}
        as is_lead  -- True = has reached lead_rank and is not excluded.
from {{ ref('stage_interval') }} as i
inner join {{ ref('stages') }} as s on i.stage = s.stage
inner join latest_move as m on i.person_key = m.person_key
left join {{ ref('trust_sign') }} as r on i.person_key = r.person_key
left join {{ ref('person_exclusion') }} as x on i.person_key = x.person_key
where i.valid_to is null
