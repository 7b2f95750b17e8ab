/*
description: Moves between stages that a later release added, changed or withdrew, for readers who
  have counted them before. Late evidence, corrections and new rules change the past.
grain: [one_id, noted_date, change, direction, to_stage, change_no]
*/
with

heirs as (
    select
        former_one_id,
        one_id
    from {{ ref('one_id_alias') }}
    where is_primary and one_id is not null
),

-- Moves under current IDs. A merge alone does not change a move.
history as (
    select
        coalesce(h.one_id, t.one_id) as one_id,
        t.one_id as former_one_id,
        t.moved_at,
        t.from_stage,
        t.to_stage,
        t.direction,
        t.reason,
        t.channel,
        t.record_id,
        t.valid_from,
        t.valid_to
    from {{ ref('stage_transition_history') }} as t
    left join heirs as h on t.one_id = h.former_one_id
),

release_dates as (
    select
        as_of_date,
        lag(as_of_date) over (order by as_of_date) as date_before
    from {{ ref('published_date') }}
),

-- Only moves on dates that had been published before. Later moves are new, not changed.
opened as (
    select
        h.one_id,
        h.moved_at,
        h.from_stage,
        h.to_stage,
        h.direction,
        h.reason,
        h.channel,
        h.record_id,
        h.valid_from as noted_date
    from history as h
    inner join release_dates as r
        on h.valid_from = r.as_of_date and fn_local_date(h.moved_at) <= r.date_before
    group by
        h.one_id, h.moved_at, h.from_stage, h.to_stage, h.direction, h.reason, h.channel,
        h.record_id, h.valid_from
),

closed as (
    select
        one_id,
        min(former_one_id) as former_one_id,
        moved_at,
        from_stage,
        to_stage,
        direction,
        reason,
        channel,
        record_id,
        valid_to as noted_date
    from history
    where valid_to is not null
    group by
        one_id, moved_at, from_stage, to_stage, direction, reason, channel, record_id, valid_to
),

added as (
    select
        o.one_id,
        o.moved_at,
        o.from_stage,
        o.to_stage,
        o.direction,
        o.reason,
        o.channel,
        o.record_id,
        o.noted_date,
        row_number() over (
            partition by o.one_id, o.noted_date, o.to_stage, o.direction
            order by o.moved_at, o.channel, o.record_id, o.reason, o.from_stage
        ) as change_no
    from opened as o
    anti join closed as c
        on
            o.one_id = c.one_id
            and o.noted_date = c.noted_date
            and o.moved_at = c.moved_at
            and o.from_stage = c.from_stage
            and o.to_stage = c.to_stage
            and o.direction = c.direction
            and o.reason = c.reason
            and o.channel = c.channel
            and o.record_id = c.record_id
),

withdrawn as (
    select
        c.one_id,
        c.former_one_id,
        c.moved_at,
        c.from_stage,
        c.to_stage,
        c.direction,
        c.reason,
        c.channel,
        c.record_id,
        c.noted_date,
        row_number() over (
            partition by c.one_id, c.noted_date, c.to_stage, c.direction
            order by c.moved_at, c.channel, c.record_id, c.reason, c.from_stage
        ) as change_no
    from closed as c
    anti join history as o
        on
            c.one_id = o.one_id
            and c.noted_date >= o.valid_from
            and coalesce(c.noted_date < o.valid_to, true)
            and c.moved_at = o.moved_at
            and c.from_stage = o.from_stage
            and c.to_stage = o.to_stage
            and c.direction = o.direction
            and c.reason = o.reason
            and c.channel = o.channel
            and c.record_id = o.record_id
),

-- The same kind of move of the same person, with another time or other evidence, is a change.
changes as (
    select
        coalesce(a.one_id, w.one_id) as one_id,
        coalesce(a.noted_date, w.noted_date) as noted_date,
        case
            when w.one_id is null then 'added'
            when a.one_id is null then 'withdrawn'
            else 'changed'
        end as change,
        coalesce(a.change_no, w.change_no) as change_no,
        a.moved_at,
        nullif(a.from_stage, 'none') as from_stage,
        coalesce(a.to_stage, w.to_stage) as to_stage,
        coalesce(a.direction, w.direction) as direction,
        a.reason,
        a.channel,
        a.record_id,
        w.moved_at as was_moved_at,
        nullif(w.from_stage, 'none') as was_from_stage,
        w.reason as was_reason,
        w.channel as was_channel,
        w.record_id as was_record_id,
        case when w.former_one_id <> w.one_id then w.former_one_id end as former_one_id
    from added as a
    full outer join withdrawn as w
        on
            a.one_id = w.one_id
            and a.noted_date = w.noted_date
            and a.to_stage = w.to_stage
            and a.direction = w.direction
            and a.change_no = w.change_no
)

select
    one_id,  -- Current ID of the person.
    noted_date,  -- Business date of the first release with the change.
    change,  -- added, changed or withdrawn.
    change_no,  -- Number among changes of the same kind, of the person and date.
    moved_at,  -- When the move was (UTC); NULL = withdrawn.
    from_stage,  -- Stage before the move; NULL = unknown before.
    to_stage,  -- Stage after the move.
    direction,  -- forward, back or re_entry.
    reason,  -- Kind of evidence.
    channel,  -- Channel of the evidence.
    record_id,  -- [pii] The record that is the evidence.
    was_moved_at,  -- When the move was, as published before (UTC); NULL = added.
    was_from_stage,  -- Stage before the move, as published before.
    was_reason,  -- Kind of evidence, as published before.
    was_channel,  -- Channel of the former evidence.
    was_record_id,  -- [pii] The record that was the evidence.
    former_one_id  -- ID under which it was published, if it differs.
from changes
