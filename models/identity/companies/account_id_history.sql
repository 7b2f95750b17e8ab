/*
description: The company that each identifier belonged to, by business date. Merges and splits show
  as closed rows.
grain: [id_type, id_value, valid_from]
*/
{{ config(materialized='snapshot', key=['id_type', 'id_value']) }}
select
    id_type,  -- Identifier type.
    id_value,  -- The identifier; for a name its key.
    account_id  -- The company that it belonged to.
from {{ ref('account_id') }}
