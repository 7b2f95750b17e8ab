/*
description: Moves between stages as they were published, by business date; what was withdrawn or
  changed shows as a closed row.
grain: [one_id, moved_at, to_stage, direction, valid_from, from_stage, reason, channel, record_id]
*/
{{ config(
    materialized='snapshot',
    key=[
        'one_id', 'moved_at', 'to_stage', 'direction', 'from_stage', 'reason', 'channel', 'record_id'
    ]
) }}
select
    one_id,  -- The person, by the ID of that time.
    moved_at,  -- When (UTC).
    coalesce(from_stage, 'none') as from_stage,  -- Stage before; none = not known before.
    to_stage,  -- Stage after.
    direction,  -- forward, back or re_entry.
    reason,  -- What in the evidence tells.
    channel,  -- Channel of the evidence.
    record_id  -- [pii] The record that is the evidence.
from {{ ref('stage_transition') }}
