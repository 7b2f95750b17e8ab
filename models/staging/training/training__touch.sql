/*
description: An enrolment is a registration; a completed course is an attendance. Progress has no
  time and is not a touch. The enrolment carries the progress that was known by as_of.
grain: [record_id]
*/
{{ config(restate='record', calendar=['updated_at']) }}
with

enrolments as (
    select
        course_id,
        learner,
        mobile,
        email,
        company,
        enrolled_at,
        progress,
        completed_at,
        campaign_id,
        updated_at,
        _landed_seq
    from {{ source('training', 'enrolments') }}
),

learners as (
    select
        'enrolments:' || course_id || '|' || learner as record_id,
        course_id,
        {{ normal_mobile('mobile') }} as mobile,
        {{ normal_email('email') }} as email,
        {{ normal_company_name('company') }} as company_name,
        enrolled_at,
        case
            when updated_at < fn_as_of_end() then cast(progress * 0.01 as decimal(5, 4))
        end as progress,
        completed_at,
        campaign_id,
        _landed_seq
    from enrolments
)

select
    'training' as channel,
    l.record_id || '#' || m.moment as record_id,
    l._landed_seq as landed_seq,
    l.mobile,
    l.email,
    l.company_name,
    case m.moment when 'enrol' then l.enrolled_at else l.completed_at end as occurred_at,
    case m.moment when 'enrol' then 'register' else 'attend' end as behaviour,
    case m.moment when 'enrol' then 'enrol' else 'course_complete' end as action,
    'inbound' as direction,
    'course' as medium,
    'training' as scene,
    l.course_id as content_id,
    l.campaign_id,
    case m.moment when 'enrol' then l.progress end as progress
from learners as l
cross join unnest(['enrol', 'complete']) as m (moment)
where m.moment = 'enrol' or l.completed_at is not null
