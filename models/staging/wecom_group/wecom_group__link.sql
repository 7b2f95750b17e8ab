/*
description: External members of WeCom groups, from joining until the first list without them. Lists
  do not give the reason; a group that is gone counts as dissolved, a group that goes on counts as
  left.
grain: [record_id]
*/
with

members as (
    select
        chat_id,
        member,
        member_type,
        unionid,
        joined_at,
        invitor,
        owner,
        _removed_date,
        _landed_seq
    from {{ source('wecom_group', 'groups') }}
),

removal_days as (
    select distinct
        chat_id,
        _removed_date as removed_date
    from members
    where _removed_date is not null
),

-- Whether the group is in a later list, who was in it before that day, and who came after.
removals as (
    select
        d.chat_id,
        d.removed_date,
        count_if(m.joined_at < fn_local_midnight(d.removed_date)) as stayed_count,
        count(m.member) as later_count
    from removal_days as d
    left join members as m
        on
            d.chat_id = m.chat_id
            and coalesce(d.removed_date < m._removed_date, true)
    group by d.chat_id, d.removed_date
)

select
    'wecom_group' as channel,
    'groups:' || m.chat_id || '|' || m.member as record_id,
    m._landed_seq as landed_seq,
    {{ normal_unionid('m.unionid') }} as unionid,
    {{ normal_external_userid('m.member') }} as external_userid,
    'group' as touchpoint,
    m.chat_id as holder_id,
    m.owner as staff_id,
    m.joined_at as started_at,
    case
        when m._removed_date is not null
            then greatest(fn_local_midnight(m._removed_date), m.joined_at)
    end as ended_at,
    case
        when r.stayed_count > 0 then 'left'
        when r.later_count > 0 then 'unknown'
        when r.later_count = 0 then 'dissolved'
    end as end_reason,
    case
        when r.stayed_count > 0 then 'person'
        when r.later_count = 0 then 'system'
    end as ended_by,
    case when {{ is_external('m.invitor') }} then 'external_userid' end as referrer_type,
    case when {{ is_external('m.invitor') }} then trim(m.invitor) end as referrer_value
from members as m
left join removals as r on m.chat_id = r.chat_id and m._removed_date = r.removed_date
where m.member_type = '2'
