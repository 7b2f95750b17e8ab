/*
description: Pairs of valid identifiers of companies seen together on current records. Short names
  join nobody; a name that tells no region does so only on records with an account or a code.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
with

masters as (
    select distinct combination_id
    from {{ ref('company_combination_identifier') }}
    where id_type in ('credit_code', 'crm_account_id')
),

nodes as (
    select
        i.combination_id,
        s.node,
        s.strength
    from {{ ref('company_combination_identifier') }} as i
    inner join {{ ref('company_identifier') }} as s
        on i.id_type = s.id_type and i.id_value = s.id_value
    left join masters as m on i.combination_id = m.combination_id
    where
        s.verdict = 'valid'
        and i.record_count > 0
        and s.is_complete
        and (s.is_placed or m.combination_id is not null)
),

{{ seen_together(ref('company_combination')) }}

select
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    strength,  -- Strength of the weaker end; 1 is the strongest.
    first_seen_at,  -- Earliest current record with both (UTC).
    last_seen_at,  -- Latest current record with both (UTC).
    channels  -- Channels that brought the pair.
from pairs_seen
