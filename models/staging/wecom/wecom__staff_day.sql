/*
description: The daily WeCom figures of a member of staff. If all figures of a day are zero for all
  staff, WeCom has not counted the day yet, and the day is left out.
grain: [record_id]
*/
with

behavior as (
    select
        userid,
        stat_time,
        chat_cnt,
        message_cnt,
        reply_percentage,
        avg_reply_time,
        negative_feedback_cnt,
        new_contact_cnt,
        _landed_seq,
        fn_local_date(stat_time) as day,
        coalesce(chat_cnt, 0) + coalesce(message_cnt, 0) + coalesce(negative_feedback_cnt, 0)
        + coalesce(new_apply_cnt, 0) + coalesce(new_contact_cnt, 0) as total_count
    from {{ source('wecom', 'behavior') }}
),

counted_days as (
    select day
    from behavior
    group by day
    having max(total_count) > 0
)

select
    'wecom' as channel,
    'behavior:' || b.userid || '|' || cast(b.stat_time as varchar) as record_id,
    b._landed_seq as landed_seq,
    b.userid as staff_id,
    b.day,
    b.chat_cnt as chats,
    b.message_cnt as messages,
    cast(b.reply_percentage * 0.01 as decimal(9, 6)) as reply_rate,
    b.avg_reply_time as first_reply_minutes,
    b.negative_feedback_cnt as deletions,
    b.new_contact_cnt as new_contacts
from behavior as b
semi join counted_days as d on b.day = d.day
