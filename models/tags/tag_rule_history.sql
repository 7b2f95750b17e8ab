/*
description: Versions of the rule of each tag, by business date. tag_history reads here which rules
  changed.
grain: [level, tag_code, valid_from]
*/
{{ config(materialized='snapshot', key=['level', 'tag_code']) }}
select
    level,  -- person or account.
    tag_code,  -- Tag.
    rule_version  -- Hash of the compiled rule and of the reference rows it reads.
from {{ source('ops', 'tag_rule') }}
