/*
description: Every person identifier that was seen, and whether it is valid and not blocked. Valid
  identifiers are numbered in anchor order.
grain: [id_type, id_value]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

listed as (
    {{ listed_values() }}
),

{{ judged_identifiers('person', ref('combination_identifier')) }}

select
    id_type,  -- Identifier type, as in identifier_types.csv.
    id_value,  -- [pii] The identifier.
    verdict,  -- valid, invalid, blocked_rule, blocked_value or blocked_pattern.
    case when verdict like 'blocked%' then blocked_why end
        as blocked_why,  -- Who excluded it, or why blocked_identifiers.csv lists it.
    strength,  -- 1 is the strongest.
    first_landed_seq,  -- First landing that brought it, in any version of a record.
    first_seen_at,  -- Earliest record with the identifier, in any version (UTC).
    last_seen_at,  -- Latest record with the identifier, in any version (UTC).
    cast(record_count as bigint) as record_count,  -- Number of current records with the identifier.
    case
        when verdict = 'valid'
            then row_number() over (
                order by first_landed_seq, strength, id_type, id_value
            )
    end as node  -- Number in anchor order, also of the others; NULL if it is not valid.
from judged
