/*
description: Moves between stages that a later release added, changed or withdrew, so that whoever
  counted them before knows; the past moves with late evidence, corrections and rules.
grain: [one_id, noted_date, change, direction, to_stage, change_no]
*/
with

earlier_log as (
    select
        one_id,
        noted_date,
        change,
        change_no,
        moved_at,
        from_stage,
        to_stage,
        direction,
        reason,
        channel,
        record_id,
        was_moved_at,
        was_from_stage,
        was_reason,
        was_channel,
        was_record_id,
        former_one_id
    from {{ previous('this') }}
),

published as (
    select max(cast(as_of_date as date)) as as_of_date
    from {{ previous('identity.identity_metric') }}
),

heirs as (
    select
        former_one_id,
        one_id
    from {{ ref('one_id_alias') }}
    where is_primary and one_id is not null
),

-- What was published, under the IDs of today.
before as (
    select
        coalesce(h.one_id, t.one_id) as one_id,
        t.one_id as former_one_id,
        t.moved_at,
        t.from_stage,
        t.to_stage,
        t.direction,
        t.reason,
        t.channel,
        t.record_id
    from {{ previous('journey.stage_transition') }} as t
    left join heirs as h on t.one_id = h.former_one_id
),

-- Only what lies before the end of the day that was published: later moves are simply new.
now_said as (
    select
        t.one_id,
        t.moved_at,
        t.from_stage,
        t.to_stage,
        t.direction,
        t.reason,
        t.channel,
        t.record_id
    from {{ ref('stage_transition') }} as t
    inner join published as p on fn_local_date(t.moved_at) <= p.as_of_date
),

withdrawn as (
    select
        b.one_id,
        min(b.former_one_id) as former_one_id,
        b.moved_at,
        b.from_stage,
        b.to_stage,
        b.direction,
        b.reason,
        b.channel,
        b.record_id
    from before as b
    anti join now_said as n
        on
            b.one_id = n.one_id
            and b.moved_at = n.moved_at
            and b.from_stage is not distinct from n.from_stage
            and b.to_stage = n.to_stage
            and b.direction = n.direction
            and b.reason = n.reason
            and b.channel is not distinct from n.channel
            and b.record_id is not distinct from n.record_id
    group by
        b.one_id, b.moved_at, b.from_stage, b.to_stage, b.direction, b.reason, b.channel,
        b.record_id
),

added as (
    select
        n.one_id,
        n.moved_at,
        n.from_stage,
        n.to_stage,
        n.direction,
        n.reason,
        n.channel,
        n.record_id
    from now_said as n
    anti join before as b
        on
            n.one_id = b.one_id
            and n.moved_at = b.moved_at
            and n.from_stage is not distinct from b.from_stage
            and n.to_stage = b.to_stage
            and n.direction = b.direction
            and n.reason = b.reason
            and n.channel is not distinct from b.channel
            and n.record_id is not distinct from b.record_id
),

numbered_withdrawn as (
    select
        one_id,
        former_one_id,
        moved_at,
        from_stage,
        to_stage,
        direction,
        reason,
        channel,
        record_id,
        row_number() over (
            partition by one_id, to_stage, direction
            order by moved_at, channel, record_id, reason, from_stage
        ) as change_no
    from withdrawn
),

numbered_added as (
    select
        one_id,
        moved_at,
        from_stage,
        to_stage,
        direction,
        reason,
        channel,
        record_id,
        row_number() over (
            partition by one_id, to_stage, direction
            order by moved_at, channel, record_id, reason, from_stage
        ) as change_no
    from added
),

-- The same kind of move of the same person, another time or by other evidence: it changed.
changes as (
    select
        coalesce(a.one_id, w.one_id) as one_id,
        case
            when w.one_id is null then 'added'
            when a.one_id is null then 'withdrawn'
            else 'changed'
        end as change,
        coalesce(a.change_no, w.change_no) as change_no,
        a.moved_at,
        a.from_stage,
        coalesce(a.to_stage, w.to_stage) as to_stage,
        coalesce(a.direction, w.direction) as direction,
        a.reason,
        a.channel,
        a.record_id,
        w.moved_at as was_moved_at,
        w.from_stage as was_from_stage,
        w.reason as was_reason,
        w.channel as was_channel,
        w.record_id as was_record_id,
        case when w.former_one_id <> w.one_id then w.former_one_id end as former_one_id
    from numbered_added as a
    full outer join numbered_withdrawn as w
        on
            a.one_id = w.one_id
            and a.to_stage = w.to_stage
            and a.direction = w.direction
            and a.change_no = w.change_no
)

select
    cast(one_id as varchar) as one_id,  -- The person, by the ID of the day it was noted.
    cast(fn_as_of() as date) as noted_date,  -- Business date it was noted on.
    cast(change as varchar) as change,  -- added, changed or withdrawn.
    cast(change_no as bigint) as change_no,  -- Number among such of the person that day.
    cast(moved_at as timestamp) as moved_at,  -- When the move was (UTC); NULL = withdrawn.
    cast(from_stage as varchar) as from_stage,  -- Stage before it; NULL = not known before.
    cast(to_stage as varchar) as to_stage,  -- Stage after.
    cast(direction as varchar) as direction,  -- forward, back or re_entry.
    cast(reason as varchar) as reason,  -- What in the evidence tells.
    cast(channel as varchar) as channel,  -- Channel of the evidence.
    cast(record_id as varchar) as record_id,  -- [pii] The record that is the evidence.
    cast(was_moved_at as timestamp) as was_moved_at,  -- When it was said to be (UTC); NULL = added.
    cast(was_from_stage as varchar) as was_from_stage,  -- Stage before it, as it was said.
    cast(was_reason as varchar) as was_reason,  -- What was said to tell.
    cast(was_channel as varchar) as was_channel,  -- Channel of the former evidence.
    cast(was_record_id as varchar) as was_record_id,  -- [pii] The record that was the evidence.
    cast(former_one_id as varchar) as former_one_id  -- ID it had then, where another.
from changes
union all
select
    one_id,
    noted_date,
    change,
    change_no,
    moved_at,
    from_stage,
    to_stage,
    direction,
    reason,
    channel,
    record_id,
    was_moved_at,
    was_from_stage,
    was_reason,
    was_channel,
    was_record_id,
    former_one_id
from earlier_log
