/*
description: The person that each identifier belonged to, by business date. Merges and splits show
  as closed rows.
grain: [id_type, id_value, valid_from]
*/
{{ config(materialized='snapshot', key=['id_type', 'id_value']) }}
select
    id_type,  -- Identifier type.
    id_value,  -- [pii] The identifier.
    one_id  -- The person that it belonged to.
from {{ ref('one_id') }}
