/*
description: Versions of the rule of each segment, by business date. segment_history reads here
  which rules changed.
grain: [segment, valid_from]
*/
{{ config(materialized='snapshot', key=['segment']) }}
select
    segment,  -- Segment.
    rule_version  -- Hash of what decides who is in, see ops.segment.
from {{ source('ops', 'segment') }}
