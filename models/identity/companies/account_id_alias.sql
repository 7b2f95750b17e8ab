/*
description: What became of each former company ID. Exactly one row of a former ID is primary, so
  that a key saved last year still resolves.
grain: [former_account_id, account_id]
*/
with

{{ former_ids(ref('account_id_history'), ref('account_id'), 'account_id', 'C') }}

select
    former_account_id,  -- A published ID that lost identifiers.
    account_id,  -- Who has these identifiers now; NULL = they identify nobody any more.
    reason,  -- merged, split, kept (the ID remains, without what split off) or withdrawn.
    since_date,  -- Business date on which the last identifier left.
    identifier_count,  -- Number of identifiers that moved there.
    is_primary  -- True = the row that a saved key resolves to.
from aliases
