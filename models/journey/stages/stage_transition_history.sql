/*
description: Moves between stages as they were published, by business date. A move that was
  withdrawn or changed shows as a closed row.
grain: [one_id, moved_at, to_stage, direction, valid_from, from_stage, reason, channel, record_id]
*/
{{ config(
    materialized='snapshot',
    key=[
        'one_id', 'moved_at', 'to_stage', 'direction', 'from_stage', 'reason', 'channel', 'record_id'
    ],
    restricted=false
) }}
select
    one_id,  -- ID of the person at that time.
    moved_at,  -- When (UTC).
    coalesce(from_stage, 'none') as from_stage,  -- Stage before the move; none = unknown before.
    to_stage,  -- Stage after the move.
    direction,  -- forward, back or re_entry.
    reason,  -- Kind of evidence.
    channel,  -- Channel of the evidence.
    record_id  -- [pii] The record that is the evidence.
from {{ ref('stage_transition') }}
