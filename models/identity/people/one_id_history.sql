/*
description: Whose each identifier was, by business date; merges and splits show as closed rows.
grain: [id_type, id_value, valid_from]
*/
{{ config(materialized='snapshot', key=['id_type', 'id_value']) }}
select
    id_type,  -- Identifier type.
    id_value,  -- [pii] The identifier.
    one_id  -- The person it belonged to.
from {{ ref('one_id') }}
