/*
description: What a former ID of a company became. Exactly one row of a former ID is primary, so
  that a key saved last year still resolves.
grain: [former_account_id, account_id]
*/
with

{{ former_ids(ref('account_id_history'), ref('account_id'), 'account_id', 'C') }}

select
    former_account_id,  -- An ID that was published, and lost identifiers.
    account_id,  -- Who holds them now; NULL = they identify nobody any more.
    reason,  -- merged, split, kept (the ID stands, without what split off) or withdrawn.
    since_date,  -- Business date on which the last of them left.
    identifier_count,  -- Identifiers that went this way.
    is_primary  -- The one a saved key resolves to.
from aliases
