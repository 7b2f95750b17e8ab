/*
description: What people decided, and whether each decision is the latest. Company names are
  replaced by their key, records by their strongest identifier. The lesser identifier comes first.
grain: [rule_no]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

keyed as (
    {{ keyed_decisions() }}
),

-- The strongest identifier of each record, of a person and of a company.
strongest as (
    select
        channel || ':' || record_id as record,
        arg_min(id_type, struct_pack(strength := strength, id_type := id_type))
            filter (where entity = 'person') as person_type,
        arg_min(id_value, struct_pack(strength := strength, id_type := id_type))
            filter (where entity = 'person') as person_value,
        arg_min(id_type, struct_pack(strength := strength, id_type := id_type))
            filter (where entity = 'company') as company_type,
        arg_min(id_value, struct_pack(strength := strength, id_type := id_type))
            filter (where entity = 'company') as company_value
    from {{ ref('named_record_identifier') }}
    group by channel, record_id
),

records as (
    select
        r.channel || ':' || r.record_id as record,
        r.is_about_person,
        s.person_type,
        s.person_value,
        s.company_type,
        s.company_value
    from {{ ref('named_record') }} as r
    left join strongest as s on r.channel || ':' || r.record_id = s.record
),

types as (
    select
        id_type,
        entity
    from {{ ref('identifier_types') }}
),

-- A decision is about companies if it names an identifier of a company, or if both records are
-- about companies only.
about as (
    select
        k.rule_no,
        k.origin,
        k.decision,
        k.decided_at,
        k.decided_by,
        k.reason,
        k.one_type,
        k.one_value,
        k.other_type,
        k.other_value,
        a.person_type as one_person_type,
        a.person_value as one_person_value,
        a.company_type as one_company_type,
        a.company_value as one_company_value,
        b.person_type as other_person_type,
        b.person_value as other_person_value,
        b.company_type as other_company_type,
        b.company_value as other_company_value,
        coalesce(
            t.entity,
            u.entity,
            case
                when
                    not a.is_about_person
                    and not b.is_about_person
                    and a.company_value is not null
                    and b.company_value is not null
                    then 'company'
            end,
            'person'
        ) as entity
    from keyed as k
    left join records as a
        on k.one_type = 'record' and k.decision <> 'exclude' and k.one_value = a.record
    left join records as b on k.other_type = 'record' and k.other_value = b.record
    left join types as t on k.one_type = t.id_type
    left join types as u on k.other_type = u.id_type
),

-- A record without such an identifier stays a record.
resolved as (
    select
        rule_no,
        origin,
        decision,
        decided_at,
        decided_by,
        reason,
        entity,
        case when one_type = 'record' then one_value end as one_record,
        case when other_type = 'record' then other_value end as other_record,
        case
            when one_type <> 'record' then one_type
            when entity = 'person' then coalesce(one_person_type, one_type)
            else coalesce(one_company_type, one_type)
        end as one_type,
        case
            when one_type <> 'record' then one_value
            when entity = 'person' then coalesce(one_person_value, one_value)
            else coalesce(one_company_value, one_value)
        end as one_value,
        case
            when other_type <> 'record' then other_type
            when entity = 'person' then coalesce(other_person_type, other_type)
            else coalesce(other_company_type, other_type)
        end as other_type,
        case
            when other_type <> 'record' then other_value
            when entity = 'person' then coalesce(other_person_value, other_value)
            else coalesce(other_company_value, other_value)
        end as other_value
    from about
),

turned as (
    select
        rule_no,
        origin,
        decision,
        decided_at,
        decided_by,
        reason,
        entity,
        one_record,
        other_record,
        one_type,
        one_value,
        other_type,
        other_value,
        coalesce(
            other_type < one_type or (other_type = one_type and other_value < one_value), false
        ) as is_turned
    from resolved
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
        entity,
        case when is_turned then other_record else one_record end as left_record,
        case when is_turned then one_record else other_record end as right_record,
        case when is_turned then other_type else one_type end as left_type,
        case when is_turned then other_value else one_value end as left_value,
        case when is_turned then one_type else other_type end as right_type,
        case when is_turned then one_value else other_value end as right_value
    from turned
),

-- The latest decision about a pair counts; of several at one moment, the more cautious one. The
-- numbers follow that order.
latest as (
    select max(rule_no) as rule_no
    from pairs
    group by
        case when decision in ('link', 'unlink') then 'pair' else decision end,
        left_type, left_value, right_type, right_value
)

select
    p.rule_no,  -- Number in order of time within this build.
    p.origin,  -- identity_rules.csv, or the channel that brought it.
    p.decision,  -- link, unlink, exclude or erase.
    p.decided_at,  -- When it was decided (UTC).
    p.decided_by,  -- Who decided.
    p.reason,  -- [pii] Why.
    p.entity,  -- person or company: what it is about.
    p.left_type,  -- Type of the first identifier; record = a record without an identifier.
    p.left_value,  -- [pii] The first identifier; NULL = it is not valid.
    p.right_type,  -- Type of the second identifier; NULL = the decision names one.
    p.right_value,  -- [pii] The second identifier.
    p.left_record,  -- [pii] The record that was named for the first one, as channel:record_id.
    p.right_record,  -- [pii] The record that was named for the second one.
    case when p.decision = 'exclude' then x.rule_no is not null else r.rule_no is not null end
        as is_latest  -- True = no later decision about the same. A later link cancels an exclusion.
from pairs as p
left join latest as r on p.rule_no = r.rule_no
left join {{ ref('identifier_exclusion') }} as x on p.rule_no = x.rule_no
