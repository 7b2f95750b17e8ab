/*
description: Exclusions in force, by identifier. A later link that names the identifier cancels an
  exclusion; a link of a record does not.
grain: [rule_no]
*/
{{ config(published=false) }}
with

keyed as (
    {{ keyed_decisions() }}
),

links as (
    select
        one_type as id_type,
        one_value as id_value,
        decided_at
    from keyed
    where decision = 'link'
    union all
    select
        other_type as id_type,
        other_value as id_value,
        decided_at
    from keyed
    where decision = 'link'
),

linked_since as (
    select
        id_type,
        id_value,
        max(decided_at) as linked_at
    from links
    group by id_type, id_value
),

latest as (
    select
        rule_no,
        decided_at,
        decided_by,
        one_type,
        one_value
    from keyed
    where decision = 'exclude'
    qualify
        row_number() over (
            partition by one_type, one_value order by decided_at desc, rule_no desc
        ) = 1
)

select
    e.rule_no,  -- Number of the decision.
    e.one_type as id_type,  -- Type of the identifier.
    e.one_value as id_value,  -- [pii] The identifier; NULL = it is not valid.
    e.decided_by  -- Who decided.
from latest as e
left join linked_since as l on e.one_type = l.id_type and e.one_value = l.id_value
where not coalesce(l.linked_at > e.decided_at, false)
