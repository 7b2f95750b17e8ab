/*
description: What a viewer did with a show, one touch each; registered, watched live, watched the
  replay, asked a question.
grain: [record_id]
*/
{{ config(restate='record') }}
with

attendance as (
    select
        live_id,
        viewer_id,
        unionid,
        mobile,
        company,
        registered_at,
        joined_at,
        watch_minutes,
        replayed_at,
        replay_minutes,
        questions,
        campaign_id,
        _landed_seq
    from {{ source('webinar', 'attendance') }}
),

viewers as (
    select
        'attendance:' || live_id || '|' || viewer_id as record_id,
        live_id,
        {{ normal_unionid('unionid') }} as unionid,
        {{ normal_mobile('mobile') }} as mobile,
        {{ normal_company_name('company') }} as company_name,
        registered_at,
        joined_at,
        watch_minutes * 60 as watch_seconds,
        replayed_at,
        replay_minutes * 60 as replay_seconds,
        questions,
        campaign_id,
        _landed_seq
    from attendance
)

select
    'webinar' as channel,
    v.record_id || '#' || m.moment as record_id,
    v._landed_seq as landed_seq,
    v.unionid,
    v.mobile,
    v.company_name,
    case m.moment
        when 'register' then v.registered_at
        when 'join' then v.joined_at
        when 'replay' then v.replayed_at
        when 'question' then coalesce(v.joined_at, v.replayed_at, v.registered_at)
    end as occurred_at,
    case m.moment
        when 'register' then 'register'
        when 'question' then 'interact'
        else 'attend'
    end as behaviour,
    case m.moment
        when 'register' then 'webinar_register'
        when 'join' then 'live'
        else m.moment
    end as action,
    'inbound' as direction,
    'live' as medium,
    'webinar' as scene,
    v.live_id as content_id,
    v.campaign_id,
    case m.moment when 'join' then v.watch_seconds when 'replay' then v.replay_seconds end
        as duration_seconds
from viewers as v
cross join unnest(['register', 'join', 'replay', 'question']) as m (moment)
where
    (m.moment = 'register' and v.registered_at is not null)
    or (m.moment = 'join' and v.joined_at is not null)
    or (m.moment = 'replay' and v.replayed_at is not null)
    or (m.moment = 'question' and v.questions > 0)
