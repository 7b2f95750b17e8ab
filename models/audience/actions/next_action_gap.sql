/*
description: People who heard little from us, are silent, and yet have no next action, with the one
  reason. Everybody who is not won, silent and under-touched is here or in next_action.
grain: [one_id]
*/
with

ways as (
    select
        person_key,
        max(case when is_personal_allowed then 1 else 0 end) = 1 as is_allowed
    from {{ ref('person_way') }}
    group by person_key
),

under_touched as (
    select
        a.one_id,
        a.person_key,
        a.account_id,
        a.our_touch_count,
        a.silent_days,
        a.owner_staff,
        case
            when a.is_erased then 'erased'
            when a.relationship_type in ('learner', 'competitor', 'bot', 'staff')
                then a.relationship_type
            when a.audience = 'partner' then 'partner'
            when w.person_key is null then 'unreachable'
            when not w.is_allowed then 'no_consent'
            when a.is_fatigued then 'fatigued'
            else 'other'
        end as reason
    from {{ ref('audience_person') }} as a
    left join ways as w on a.person_key = w.person_key
    anti join {{ ref('next_action') }} as n on a.person_key = n.person_key
    where
        not a.is_won
        and a.is_silent
        and a.our_touch_count <= {{ threshold('under_touches') }}
)

select
    one_id,  -- The person.
    person_key,  -- Number of the person in this release, for joins.
    account_id,  -- The current company; NULL = unknown.
    reason,  -- The first reason that holds, such as learner, no_consent or fatigued.
    case reason
        when 'erased' then '要求删除信息'
        when 'learner' then '学员'
        when 'competitor' then '竞争对手'
        when 'bot' then '机器人'
        when 'staff' then '员工'
        when 'partner' then '合作伙伴'
        when 'unreachable' then '没有可触达的方式'
        when 'no_consent' then '没有允许使用的触点'
        when 'fatigued' then '近期触达已达上限'
        else '其他'
    end as reason_zh,  -- The reason in Chinese.
    our_touch_count,  -- Different touches of ours that arrived, of all time.
    silent_days,  -- Days without a touch of the person; NULL = never had one.
    owner_staff  -- Member of staff who owns the person; NULL = nobody.
from under_touched
