/*
description: What people decided about identifiers and records (人工裁定), and the effect of each
  decision.
grain: [rule_no]
*/
with

sides as (
    select
        rule_no,
        left_type as id_type,
        left_value as id_value
    from {{ ref('human_decision') }}
    union all
    select
        rule_no,
        right_type as id_type,
        right_value as id_value
    from {{ ref('human_decision') }}
    where decision in ('link', 'unlink')
),

verdicts as (
    select
        id_type,
        id_value,
        verdict
    from {{ ref('person_identifier') }}
    union all
    select
        id_type,
        id_value,
        verdict
    from {{ ref('company_identifier') }}
    union all
    -- A record that no link made an identifier of its own belongs to nobody by itself.
    select
        'record' as id_type,
        r.channel || ':' || r.record_id as id_value,
        'bare' as verdict
    from {{ ref('named_record') }} as r
    anti join {{ ref('record_node') }} as n
        on r.channel = n.channel and r.record_id = n.record_id
),

standing as (
    select
        s.rule_no,
        count(*) as side_count,
        count(i.id_value) as seen_count,
        count(*) filter (where i.verdict = 'valid') as valid_count
    from sides as s
    left join verdicts as i on s.id_type = i.id_type and s.id_value = i.id_value
    group by s.rule_no
),

-- Decisions can contradict each other only within one component.
outcomes as (
    select
        p.rule_no,
        coalesce(a.is_kept, true) as is_kept
    from {{ ref('decided_pair') }} as p
    left join {{ ref('agglomeration') }} as a
        on p.node = a.node and p.lesser_node = a.lesser_node
    union all
    select
        p.rule_no,
        a.is_kept
    from {{ ref('decided_company_pair') }} as p
    inner join {{ ref('company_agglomeration') }} as a
        on p.node = a.node and p.lesser_node = a.lesser_node
),

judged as (
    select
        d.rule_no,
        case
            when not d.is_latest then 'superseded'
            when d.decision = 'erase' then 'pending'
            when s.seen_count < s.side_count then 'unknown'
            when d.decision = 'exclude' and d.left_type = 'record' then 'blocked'
            when d.decision = 'exclude' then 'applied'
            when d.decision = 'unlink' and s.valid_count < s.side_count then 'applied'
            when s.valid_count < s.side_count then 'blocked'
            -- Two spellings of one name are one identifier.
            when d.left_type = d.right_type and d.left_value = d.right_value
                then case d.decision when 'link' then 'applied' else 'overruled' end
            when o.is_kept then 'applied'
            else 'overruled'
        end as effect
    from {{ ref('human_decision') }} as d
    inner join standing as s on d.rule_no = s.rule_no
    left join outcomes as o on d.rule_no = o.rule_no
)

select
    d.rule_no,  -- Number in order of time within this release.
    d.decision,  -- link, unlink, exclude or erase.
    d.left_type,  -- Type of the first identifier; record = a record without an identifier.
    d.left_value,  -- [pii] The first identifier; NULL = it is not valid.
    d.right_type,  -- Type of the second identifier; NULL = the decision names one.
    d.right_value,  -- [pii] The second identifier.
    d.left_record,  -- [pii] The record that was named for the first one, as channel:record_id.
    d.right_record,  -- [pii] The record that was named for the second one.
    d.decided_at,  -- When it was decided (UTC).
    d.decided_by,  -- Who decided.
    d.reason,  -- [pii] Why.
    d.origin,  -- identity_rules.csv, or the channel that brought it.
    j.effect,  -- applied, superseded, overruled, blocked, unknown, pending: see rule_effects.csv.
    e.name_zh as effect_zh  -- The same in Chinese.
from {{ ref('human_decision') }} as d
inner join judged as j on d.rule_no = j.rule_no
inner join {{ ref('rule_effects') }} as e on j.effect = e.effect
