/*
description: What became of each former ID. Exactly one row of a former ID is primary, so that a key
  saved last year still resolves.
grain: [former_one_id, one_id]
*/
with

{{ former_ids(ref('one_id_history'), ref('one_id'), 'one_id', 'P') }}

select
    former_one_id,  -- A published ID that lost identifiers.
    one_id,  -- Who has these identifiers now; NULL = they identify nobody any more.
    reason,  -- merged, split, kept (the ID remains, without what split off) or withdrawn.
    since_date,  -- Business date on which the last identifier left.
    identifier_count,  -- Number of identifiers that moved there.
    is_primary  -- True = the row that a saved key resolves to.
from aliases
