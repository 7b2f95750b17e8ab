/*
description: Two identifiers that a human said are one company's, or are not; by their numbers, the
  latest word only.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
with

identifiers as (
    select
        id_type,
        id_value,
        verdict,
        node
    from {{ ref('company_identifier') }}
    where id_type <> 'company_name'
    union all
    -- A decision names a company as somebody writes it.
    select
        i.id_type,
        p.company_name as id_value,
        i.verdict,
        i.node
    from {{ ref('company_identifier') }} as i
    inner join {{ ref('company_name_part') }} as p on i.id_value = p.name_key
    where i.id_type = 'company_name'
),

decided as (
    {{ decided_pairs('identifiers') | indent(4) }}
)

select
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    decision,  -- link or unlink.
    decided_at,  -- When (UTC).
    rule_no  -- The decision.
from decided
-- Two ways to write one name are one pair.
qualify
    row_number() over (
        partition by node, lesser_node order by decided_at desc, decision desc, rule_no desc
    ) = 1
