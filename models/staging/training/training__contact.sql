/*
description: Learners, as they enrolled in a course.
grain: [record_id]
*/
{{ config(restate='record') }}
with

enrolments as (
    select
        course_id,
        learner,
        name,
        mobile,
        email,
        company,
        enrolled_at,
        campaign_id,
        _landed_seq
    from {{ source('training', 'enrolments') }}
)

select
    'training' as channel,
    'enrolments:' || course_id || '|' || learner as record_id,
    _landed_seq as landed_seq,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_email('email') }} as email,
    {{ normal_company_name('company') }} as company_name,
    enrolled_at as observed_at,
    nullif(trim(name), '') as full_name,
    campaign_id as source_campaign_id,
    'self' as mobile_source
from enrolments
