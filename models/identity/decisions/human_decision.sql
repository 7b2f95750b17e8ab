/*
description: What people decided about identifiers, and whether each decision is the latest. Company
  names are replaced by their key, and the lesser identifier comes first.
grain: [rule_no]
*/
{{ config(published=false) }}
with

keyed as (
    select
        d.rule_no,
        d.origin,
        d.decision,
        d.decided_at,
        d.decided_by,
        d.reason,
        d.left_type as one_type,
        case when d.left_type = 'company_name' then a.name_key else d.left_value end as one_value,
        d.right_type as other_type,
        case when d.right_type = 'company_name' then b.name_key else d.right_value end
            as other_value
    from {{ ref('written_decision') }} as d
    left join {{ ref('company_name_part') }} as a
        on d.left_type = 'company_name' and d.left_value = a.company_name
    left join {{ ref('company_name_part') }} as b
        on d.right_type = 'company_name' and d.right_value = b.company_name
),

turned as (
    select
        rule_no,
        origin,
        decision,
        decided_at,
        decided_by,
        reason,
        one_type,
        one_value,
        other_type,
        other_value,
        coalesce(
            other_type < one_type or (other_type = one_type and other_value < one_value), false
        ) as is_turned
    from keyed
),

-- The lesser identifier comes first, so that a pair is the same in either order.
pairs as (
    select
        rule_no,
        origin,
        decision,
        decided_at,
        decided_by,
        reason,
        case when is_turned then other_type else one_type end as left_type,
        case when is_turned then other_value else one_value end as left_value,
        case when is_turned then one_type else other_type end as right_type,
        case when is_turned then one_value else other_value end as right_value
    from turned
),

-- The latest decision about a pair counts; of several at one moment, the more cautious one.
ranked as (
    select
        rule_no,
        row_number() over (
            partition by
                case when decision in ('link', 'unlink') then 'pair' else decision end,
                left_type, left_value, right_type, right_value
            order by decided_at desc, decision desc, rule_no desc
        ) as recency
    from pairs
),

links as (
    select
        left_type as id_type,
        left_value as id_value,
        decided_at
    from pairs
    where decision = 'link'
    union all
    select
        right_type as id_type,
        right_value as id_value,
        decided_at
    from pairs
    where decision = 'link'
),

linked_since as (
    select
        id_type,
        id_value,
        max(decided_at) as linked_at
    from links
    group by id_type, id_value
)

select
    p.rule_no,  -- Number in order of time within this build.
    p.origin,  -- identity_rules.csv, or the channel that brought it.
    p.decision,  -- link, unlink, exclude or erase.
    p.decided_at,  -- When it was decided (UTC).
    p.decided_by,  -- Who decided.
    p.reason,  -- [pii] Why.
    p.left_type,  -- Type of the first identifier.
    p.left_value,  -- [pii] The first identifier; NULL = it is not valid.
    p.right_type,  -- Type of the second identifier; NULL = the decision names one.
    p.right_value,  -- [pii] The second identifier.
    r.recency = 1
    and not (p.decision = 'exclude' and coalesce(l.linked_at > p.decided_at, false))
        as is_latest  -- True = no later decision about the same. A later link cancels an exclusion.
from pairs as p
inner join ranked as r on p.rule_no = r.rule_no
left join linked_since as l on p.left_type = l.id_type and p.left_value = l.id_value
