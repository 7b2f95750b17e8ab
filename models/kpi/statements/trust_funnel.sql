/*
description: The four steps of trust (信任四步) by the week in which people came; how many are on
  each step, or on a higher one, at the end of as_of. People whom a rule excludes are left out.
grain: [cohort_week, trust_step]
*/
with

steps as (
    select
        'lead' as trust_step,
        1 as step_no,
        '客户线索' as name_zh,
        'Lead' as name_en
    union all
    select
        'settled' as trust_step,
        2 as step_no,
        '用户沉淀' as name_zh,
        'Settled' as name_en
    union all
    select
        'won' as trust_step,
        3 as step_no,
        '转化成交' as name_zh,
        'Won' as name_en
    union all
    select
        'loyal' as trust_step,
        4 as step_no,
        '持续粘性' as name_zh,
        'Loyal' as name_en
),

people as (
    select
        {{ week_of('r.reached_date') }} as cohort_week,
        t.step_no
    from {{ ref('stage_reached') }} as r
    inner join {{ ref('person_stage') }} as p on r.person_key = p.person_key
    inner join steps as t on p.trust_step = t.trust_step
    where
        r.stage_rank = 1
        and p.exclusion is null
        and {{ week_of('r.reached_date') }} >= {{ kpi_first_day('total') }}
),

counted as (
    select
        p.cohort_week,
        s.trust_step,
        s.step_no,
        s.name_zh,
        s.name_en,
        count(*) as cohort_size,
        coalesce(count_if(p.step_no >= s.step_no), 0) as reached
    from people as p
    cross join steps as s
    group by p.cohort_week, s.trust_step, s.step_no, s.name_zh, s.name_en
)

select
    cohort_week,  -- Week in which the people first reached any stage: its Monday.
    trust_step,  -- lead, settled, won or loyal.
    name_zh as trust_step_zh,  -- Chinese name of the step.
    name_en as trust_step_en,  -- English name of the step.
    cast(step_no as bigint) as step_no,  -- Order: 1 lead … 4 loyal.
    cast(reached as bigint) as reached,  -- People on this step, or on a higher one, today.
    {{ ratio('reached', 'cohort_size') }} as rate,  -- reached / people of the week.
    {{ ratio('reached', 'lag(reached) over (partition by cohort_week order by step_no)') }}
        as rate_from_before  -- reached / reached of the step before; NULL = nobody or no step.
from counted
