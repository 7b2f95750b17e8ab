/*
description: Class 05, relationship 关系; what a person is to us, how much care a customer gets, and
  who follows up.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        is_buyers
    from {{ ref('person_scope') }}
),

{{ bought_by('person_key') }},

-- The moment of the rule that excludes a person, with the channel of its record.
exclusions as (
    select
        p.person_key,
        p.kind,
        struct_pack(occurred_at := p.since_at, channel := max(x.channel)) as proof
    from {{ ref('person_exclusion') }} as p
    left join {{ ref('exclusion') }} as x
        on p.person_key = x.person_key and p.rule = x.rule and p.since_at = x.since_at
    group by p.person_key, p.kind, p.since_at
),

relationships as (
    select
        p.one_id,
        case
            when x.kind in ('staff', 'bot', 'competitor', 'partner') then x.kind
            when p.is_buyers then 'customer'
            when x.kind = 'learner' then 'learner'
            else 'prospect'
        end as relationship_type,
        x.proof as exclusion_proof,
        b.kept_proof,
        b.kept_channels
    from people as p
    left join exclusions as x on p.person_key = x.person_key
    left join bought as b on p.person_key = b.person_key
),

staff as (
    select staff_id
    from {{ ref('staff') }}
),

-- Who owns a person: whoever has an open opportunity, an open WeCom link, the last conversation.
owned as (
    select
        h.person_key,
        1 as step_no,
        h.held_from as owned_at,
        h.channel,
        h.deal_id as ordered_by,
        s.staff_id
    from {{ ref('deal_hold') }} as h
    inner join {{ ref('deal') }} as d on h.channel = d.channel and h.record_id = d.record_id
    inner join staff as s on d.staff_id = s.staff_id
    where h.hold = 'open' and h.held_to is null
    union all
    select
        l.person_key,
        2 as step_no,
        l.started_at as owned_at,
        l.channel,
        l.holder_id as ordered_by,
        s.staff_id
    from {{ ref('person_link') }} as l
    inner join staff as s on l.holder_id = s.staff_id
    where l.touchpoint = 'wecom' and l.ended_at is null
    union all
    select
        t.person_key,
        3 as step_no,
        t.occurred_at as owned_at,
        t.channel,
        t.record_id as ordered_by,
        s.staff_id
    from {{ ref('person_touch') }} as t
    inner join staff as s on t.staff_id = s.staff_id
    where {{ is_conversation('t') }}
),

owners as (
    select
        person_key,
        staff_id,
        struct_pack(occurred_at := owned_at, channel := channel) as proof
    from owned
    qualify
        row_number() over (
            partition by person_key
            order by
                step_no asc,
                owned_at desc nulls last,
                case when step_no = 2 then ordered_by end asc,
                channel asc,
                ordered_by asc,
                staff_id asc
        ) = 1
),

tagged as (
    select
        one_id,
        'relationship_type' as tag_code,
        relationship_type as tag_value,
        null as score,
        case
            when relationship_type = 'customer' then kept_proof
            when relationship_type <> 'prospect' then exclusion_proof
        end as proof,
        case
            when relationship_type = 'customer' then coalesce(kept_channels, 0)
            when relationship_type = 'prospect' then 0
            else 1
        end as source_count
    from relationships
    union all
    select
        p.one_id,
        'customer_tier' as tag_code,
        {{ band('customer_tier', 'coalesce(b.tier_amount, 0)') }} as tag_value,
        coalesce(b.tier_amount, 0) as score,
        b.tier_proof as proof,
        coalesce(b.tier_channels, 0) as source_count
    from people as p
    left join bought as b on p.person_key = b.person_key
    where p.is_buyers
    union all
    select
        p.one_id,
        'owner_staff' as tag_code,
        o.staff_id as tag_value,
        null as score,
        o.proof,
        1 as source_count
    from people as p
    inner join owners as o on p.person_key = o.person_key
)

select
    {{ tag_row('one_id', 'The person') }}
from tagged
