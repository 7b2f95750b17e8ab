/*
description: Every person identifier that was seen, and the records that are identifiers of their
  own because a human linked them.
grain: [id_type, id_value]
*/
{{ config(materialized='view', published=false) }}
select
    id_type,  -- Identifier type, as in identifier_types.csv, or record.
    id_value,  -- [pii] The identifier.
    verdict,  -- valid, invalid, blocked_rule, blocked_value or blocked_pattern.
    blocked_why,  -- Who excluded it, or why it is listed.
    strength,  -- 1 is the strongest.
    first_landed_seq,  -- First landing that brought it, in any version of a record.
    first_seen_at,  -- Earliest record with the identifier, in any version (UTC).
    last_seen_at,  -- Latest record with the identifier, in any version (UTC).
    record_count,  -- Number of current records with the identifier.
    node  -- Number in anchor order within this build; NULL if it is not valid.
from {{ ref('identifier_seen') }}
union all
select
    id_type,
    id_value,
    'valid' as verdict,
    cast(null as varchar) as blocked_why,
    strength,
    first_landed_seq,
    first_seen_at,
    last_seen_at,
    cast(1 as bigint) as record_count,
    node
from {{ ref('record_node') }}
