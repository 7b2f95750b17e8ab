/*
description: How strong our four capabilities are 四力评分, product, training, service and activity;
  each is the mean of two shares, with the figure it rests on and what would raise it.
grain: [capability]
*/
with

-- The stage of which the fewest people saw fitting content, and the first one without any content.
weakest_stage as (
    select
        name_zh,
        name_en,
        people_count,
        seen_count
    from {{ ref('capability_content') }}
    where people_count > 0
    qualify
        row_number() over (
            order by
                cast(seen_count as double) / people_count asc,
                people_count desc,
                content_stage asc
        ) = 1
),

empty_stages as (
    select
        string_agg(name_zh, '、' order by content_stage) as empty_zh,
        string_agg(name_en, ', ' order by content_stage) as empty_en
    from {{ ref('capability_content') }}
    where content_count = 0
),

contents as (
    select
        cast(sum(people_count) as bigint) as people_count,
        cast(sum(seen_count) as bigint) as seen_count,
        count(*) as stage_count,
        count(case when content_count > 0 then 1 end) as filled_count
    from {{ ref('capability_content') }}
),

-- Each stage counts alike: many visitors do not hide that nobody writes for customers.
stage_reach as (
    select
        cast(
            avg(cast(cast(seen_count as double) / people_count as decimal(18, 9))) as decimal(18, 9)
        ) as reach_rate
    from {{ ref('capability_content') }}
    where people_count > 0
),

people as (
    select
        k.person_key,
        coalesce(s.stage = 'won', false) as is_customer,
        c.tag_value as course_progress,
        m.tag_value as service_satisfaction
    from {{ ref('kpi_person') }} as k
    left join {{ ref('person_stage') }} as s on k.person_key = s.person_key
    left join {{ ref('portrait_of_people') }} as c
        on k.person_key = c.entity_key and c.tag_code = 'course_progress'
    left join {{ ref('portrait_of_people') }} as m
        on k.person_key = m.entity_key and m.tag_code = 'service_satisfaction'
),

learners as (
    select
        count(case when is_customer and course_progress is not null then 1 end)
            as customer_count,
        count(case when is_customer and course_progress <> 'none' then 1 end) as learning_customers,
        count(case when course_progress <> 'none' then 1 end) as learner_count,
        count(case when course_progress = 'completed' then 1 end) as completed_count,
        count(service_satisfaction) as asked_count,
        count(case when service_satisfaction = 'satisfied' then 1 end) as satisfied_count
    from people
),

tickets as (
    select
        count(*) as ticket_count,
        count(case when is_in_time then 1 end) as in_time_count,
        cast(median(cast(reply_hours as double)) as decimal(18, 6)) as reply_hours
    from {{ ref('capability_ticket') }}
),

events as (
    select
        count(*) as event_count,
        cast(coalesce(sum(participant_count), 0) as bigint) as participant_count
    from {{ ref('capability_event') }}
),

-- Shares of nothing are unknown, but no event at all is 0.
parts as (
    select
        'product' as capability,
        1 as capability_order,
        '产品力' as capability_zh,
        'Product' as capability_en,
        cast({{ ratio('c.seen_count', 'c.people_count') }} as decimal(18, 6)) as figure,
        'rate' as unit,
        c.people_count as basis_count,
        r.reach_rate as first_rate,
        cast(cast(c.filled_count as double) / nullif(c.stage_count, 0) as decimal(18, 9))
            as second_rate,
        '各阶段看过适配内容的人数占比' as first_zh,
        'people of each stage who saw fitting content' as first_en,
        '有适配内容的阶段占比' as second_zh,
        'stages with fitting content' as second_en,
        cast(c.seen_count as varchar) || ' / ' || cast(c.people_count as varchar) || ' 人'
            as basis_zh,
        cast(c.seen_count as varchar) || ' of ' || cast(c.people_count as varchar) || ' people'
            as basis_en,
        '让「' || w.name_zh || '」阶段的人看到适配内容（' || cast(w.seen_count as varchar) || ' / '
        || cast(w.people_count as varchar) || ' 人看过）' as raise_first_zh,
        'Show fitting content to people of the stage ' || w.name_en || ' ('
        || cast(w.seen_count as varchar) || ' of ' || cast(w.people_count as varchar)
        || ' saw some)' as raise_first_en,
        '为「' || e.empty_zh || '」阶段制作内容' as raise_second_zh,
        'Make content for the stages ' || e.empty_en as raise_second_en
    from contents as c
    cross join stage_reach as r
    cross join empty_stages as e
    left join weakest_stage as w on c.people_count > 0
    union all
    select
        'training' as capability,
        2 as capability_order,
        '培训力' as capability_zh,
        'Training' as capability_en,
        cast({{ ratio('completed_count', 'learner_count') }} as decimal(18, 6)) as figure,
        'rate' as unit,
        learner_count as basis_count,
        cast(cast(learning_customers as double) / nullif(customer_count, 0) as decimal(18, 9))
            as first_rate,
        cast(cast(completed_count as double) / nullif(learner_count, 0) as decimal(18, 9))
            as second_rate,
        '报名课程的客户占比' as first_zh,
        'customers who began a course' as first_en,
        '学员完课率' as second_zh,
        'learners who completed one' as second_en,
        cast(completed_count as varchar) || ' / ' || cast(learner_count as varchar) || ' 学员'
            as basis_zh,
        cast(completed_count as varchar) || ' of ' || cast(learner_count as varchar) || ' learners'
            as basis_en,
        '邀请还没上课的客户（' || cast(customer_count - learning_customers as varchar) || ' 人）'
            as raise_first_zh,
        'Invite the customers who began no course ('
        || cast(customer_count - learning_customers as varchar) || ')' as raise_first_en,
        '提醒还没完课的学员（' || cast(learner_count - completed_count as varchar) || ' 人）'
            as raise_second_zh,
        'Remind the learners who completed none ('
        || cast(learner_count - completed_count as varchar) || ')' as raise_second_en
    from learners
    union all
    select
        'service' as capability,
        3 as capability_order,
        '服务力' as capability_zh,
        'Service' as capability_en,
        t.reply_hours as figure,
        'hours' as unit,
        t.ticket_count as basis_count,
        cast(cast(t.in_time_count as double) / nullif(t.ticket_count, 0) as decimal(18, 9))
            as first_rate,
        cast(cast(l.satisfied_count as double) / nullif(l.asked_count, 0) as decimal(18, 9))
            as second_rate,
        '{{ var('service_sla_hours') }} 小时内首次回复的工单占比' as first_zh,
        'tickets answered within {{ var('service_sla_hours') }} hours' as first_en,
        '评价满意的客户占比' as second_zh,
        'satisfied people among those who gave a mark' as second_en,
        cast(t.ticket_count as varchar) || ' 张工单' as basis_zh,
        cast(t.ticket_count as varchar) || ' tickets' as basis_en,
        '按时回复工单（' || cast(t.ticket_count - t.in_time_count as varchar) || ' 张超时）'
            as raise_first_zh,
        'Answer tickets in time (' || cast(t.ticket_count - t.in_time_count as varchar) || ' late)'
            as raise_first_en,
        '回访不满意或一般的客户（' || cast(l.asked_count - l.satisfied_count as varchar) || ' 人）'
            as raise_second_zh,
        'Call the people who are not satisfied ('
        || cast(l.asked_count - l.satisfied_count as varchar) || ')' as raise_second_en
    from tickets as t
    cross join learners as l
    union all
    select
        'activity' as capability,
        4 as capability_order,
        '活动力' as capability_zh,
        'Activity' as capability_en,
        cast(event_count as decimal(18, 6)) as figure,
        'events' as unit,
        participant_count as basis_count,
        cast(
            least(cast(event_count as double) / {{ threshold('capability_events') }}, 1.0)
            as decimal(18, 9)
        ) as first_rate,
        case
            when event_count > 0
                then
                    cast(
                        least(
                            cast(participant_count as double) / event_count
                            / {{ threshold('capability_participants') }},
                            1.0
                        ) as decimal(18, 9)
                    )
        end as second_rate,
        '活动场次目标（{{ threshold('capability_events') }}）完成率' as first_zh,
        'of {{ threshold('capability_events') }} events' as first_en,
        '场均参与目标（{{ threshold('capability_participants') }} 人）完成率' as second_zh,
        'of {{ threshold('capability_participants') }} participants an event' as second_en,
        cast(event_count as varchar) || ' 场，' || cast(participant_count as varchar) || ' 人次'
            as basis_zh,
        cast(event_count as varchar) || ' events, ' || cast(participant_count as varchar)
        || ' participants' as basis_en,
        '增加活动场次（近 {{ var('capability_days') }} 天 ' || cast(event_count as varchar) || ' 场）'
            as raise_first_zh,
        'Hold more events (' || cast(event_count as varchar)
        || ' in {{ var('capability_days') }} days)' as raise_first_en,
        '邀请更多人参加每场活动' as raise_second_zh,
        'Invite more people to each event' as raise_second_en
    from events
),

scored as (
    select
        capability,
        capability_order,
        capability_zh,
        capability_en,
        figure,
        unit,
        basis_count,
        first_rate,
        second_rate,
        first_zh,
        first_en,
        second_zh,
        second_en,
        basis_zh,
        basis_en,
        raise_first_zh,
        raise_first_en,
        raise_second_zh,
        raise_second_en,
        coalesce(first_rate <= second_rate, first_rate is not null) as is_first_lower,
        least(first_rate, second_rate) as lower_rate,
        cast(
            100 * case
                when first_rate is null then second_rate
                when second_rate is null then first_rate
                else (first_rate + second_rate) / 2
            end as decimal(9, 2)
        ) as score
    from parts
)

select
    capability,  -- product, training, service or activity.
    capability_order,  -- Order, for reports.
    capability_zh,  -- Chinese name.
    capability_en,  -- English name.
    score,  -- 0 to 100, 100 x the mean of both shares, or the one that is known; NULL = no data.
    case
        when score >= {{ threshold('capability_a') }} then 'A'
        when score >= {{ threshold('capability_b') }} then 'B'
        when score >= {{ threshold('capability_c') }} then 'C'
        when score is not null then 'D'
    end as grade,  -- A, B, C or D; NULL = no data.
    figure,  -- The figure that it rests on; NULL = no data.
    unit,  -- rate (0 to 1), hours or events.
    basis_count,  -- People, learners, tickets or participants.
    first_rate,  -- First share, 0 to 1; NULL = unknown.
    second_rate,  -- Second share, 0 to 1; NULL = unknown.
    first_zh || ' ' || coalesce({{ fit_percent('first_rate') }}, '未知') || '；' || second_zh || ' '
    || coalesce({{ fit_percent('second_rate') }}, '未知') || '（' || basis_zh || '）'
        as evidence_zh,  -- Both shares, in Chinese.
    first_en || ' ' || coalesce({{ fit_percent('first_rate') }}, 'unknown') || '; ' || second_en
    || ' ' || coalesce({{ fit_percent('second_rate') }}, 'unknown') || ' (' || basis_en || ')'
        as evidence_en,  -- Both shares, in English.
    case
        when score is null then '先接入数据'
        when lower_rate >= 1 then '保持现状'
        when is_first_lower then raise_first_zh
        else raise_second_zh
    end as raise_zh,  -- What would raise it, in Chinese; it is about the lower share.
    case
        when score is null then 'Connect the data first'
        when lower_rate >= 1 then 'Keep it up'
        when is_first_lower then raise_first_en
        else raise_second_en
    end as raise_en  -- What would raise it, in English.
from scored
