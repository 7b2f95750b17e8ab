/*
description: Whose each identifier of a company was, by business date; merges and splits show as
  closed rows.
grain: [id_type, id_value, valid_from]
*/
{{ config(materialized='snapshot', key=['id_type', 'id_value']) }}
select
    id_type,  -- Identifier type.
    id_value,  -- The identifier; of a name its key.
    account_id  -- The company it belonged to.
from {{ ref('account_id') }}
