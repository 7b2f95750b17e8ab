/*
description: The first evidence of each stage in each segment of a person's life; a segment ends
  with a setback.
grain: [person_key, segment_no, stage]
*/
with

touches as (
    {{ with_segment(
        ref('person_touch'), 'occurred_at',
        ['channel', 'record_id', 'behaviour', 'action', 'direction', 'outcome', 'product_id']
    ) }}
),

raw_links as (
    select
        p.person_key,
        l.started_at as occurred_at,
        l.channel,
        l.record_id,
        l.touchpoint
    from {{ ref('link') }} as l
    inner join {{ ref('record_person') }} as p
        on l.channel = p.channel and l.record_id = p.record_id
    where p.person_key is not null
),

links as (
    {{ with_segment('raw_links', 'occurred_at', ['channel', 'record_id', 'touchpoint']) }}
),

holds as (
    {{ with_segment(
        ref('deal_hold'), 'held_from', ['channel', 'record_id', 'hold', 'held_to']
    ) }}
),

visitors as (
    select
        person_key,
        segment_no,
        'visitor' as stage,
        occurred_at,
        channel,
        record_id,
        'touch' as reason
    from touches
    where direction = 'inbound'
),

product_views as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id,
        row_number() over (
            partition by person_key, segment_no order by occurred_at, channel, record_id
        ) as view_no,
        dense_rank() over (
            partition by person_key, segment_no order by fn_local_date(occurred_at)
        ) as day_no
    from touches
    where direction = 'inbound' and behaviour = 'view' and product_id is not null
),

potentials as (
    select
        person_key,
        segment_no,
        'potential' as stage,
        occurred_at,
        channel,
        record_id,
        'product_views' as reason
    from product_views
    where
        view_no >= {{ stage_rule('potential_views') }}
        and day_no >= {{ stage_rule('potential_days') }}
    union all
    select
        person_key,
        segment_no,
        'potential' as stage,
        occurred_at,
        channel,
        record_id,
        'follow' as reason
    from links
    where touchpoint = 'official_account'
),

profiles as (
    select
        person_key,
        segment_no,
        'profiled' as stage,
        occurred_at,
        channel,
        record_id,
        behaviour as reason
    from touches
    where
        direction = 'inbound'
        and behaviour in ('download', 'register', 'attend')
        and coalesce(action, '') <> 'follow'
    union all
    select
        person_key,
        segment_no,
        'profiled' as stage,
        occurred_at,
        channel,
        record_id,
        'link_' || touchpoint as reason
    from links
    where touchpoint in ('wecom', 'group')
),

contact_versions as (
    select
        channel,
        record_id,
        observed_at,
        full_name,
        mobile,
        email
    from {{ ref('contact') }}
    union all
    select
        channel,
        record_id,
        observed_at,
        full_name,
        mobile,
        email
    from ({{ union_shape('contact', versions='superseded') }}) as superseded
),

names as (
    select
        p.person_key,
        min(c.observed_at) as named_at
    from contact_versions as c
    inner join {{ ref('record_person') }} as p
        on c.channel = p.channel and c.record_id = p.record_id
    where p.person_key is not null and c.full_name is not null
    group by p.person_key
),

reachable as (
    select
        p.person_key,
        min(c.observed_at) as reachable_at
    from contact_versions as c
    inner join {{ ref('record_person') }} as p
        on c.channel = p.channel and c.record_id = p.record_id
    left join {{ ref('one_id') }} as m on m.id_type = 'mobile' and c.mobile = m.id_value
    left join {{ ref('one_id') }} as e on e.id_type = 'email' and c.email = e.id_value
    left join {{ ref('free_mail_domains') }} as f on split_part(c.email, '@', 2) = f.email_domain
    where
        p.person_key is not null
        and (m.person_key is not null or (e.person_key is not null and f.email_domain is null))
    group by p.person_key
),

identified as (
    select
        n.person_key,
        greatest(n.named_at, r.reachable_at) as identified_at
    from names as n
    inner join reachable as r on n.person_key = r.person_key
),

identifying_records as (
    select
        i.person_key,
        i.identified_at as occurred_at,
        i.identified_at,
        c.channel,
        c.record_id
    from identified as i
    inner join {{ ref('record_person') }} as p on i.person_key = p.person_key
    inner join contact_versions as c
        on
            p.channel = c.channel
            and p.record_id = c.record_id
            and i.identified_at = c.observed_at
    qualify
        row_number() over (partition by i.person_key order by c.channel, c.record_id) = 1
),

identifying as (
    {{ with_segment('identifying_records', 'occurred_at', ['channel', 'record_id']) }}
),

points as (
    select
        t.person_key,
        t.segment_no,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.behaviour,
        cast(coalesce(a.points, b.points, '0') as bigint) as points,
        case when s.action is not null then 1 else 0 end as is_sincere
    from touches as t
    left join {{ ref('score_rules') }} as a on t.behaviour = a.behaviour and t.action = a.action
    left join {{ ref('score_rules') }} as b on t.behaviour = b.behaviour and b.action is null
    left join {{ ref('sincere_actions') }} as s on t.action = s.action
    where t.direction = 'inbound'
    union all
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id,
        cast(null as varchar) as behaviour,
        0 as points,
        0 as is_sincere
    from identifying
),

first_behaviours as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id,
        points,
        is_sincere,
        case
            when
                behaviour is not null
                and row_number() over (
                    partition by person_key, segment_no, behaviour
                    order by occurred_at, channel, record_id
                ) = 1
                then 1
            else 0
        end as is_new_behaviour
    from points
),

ripeness as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id,
        sum(points) over (
            partition by person_key, segment_no order by occurred_at
            range between interval {{ var('score_window_days') }} day preceding and current row
        ) as window_points,
        sum(is_new_behaviour) over (
            partition by person_key, segment_no order by occurred_at
            range between unbounded preceding and current row
        ) as behaviour_count,
        max(is_sincere) over (
            partition by person_key, segment_no order by occurred_at
            range between unbounded preceding and current row
        ) as has_been_sincere
    from first_behaviours
),

intents as (
    select
        r.person_key,
        r.segment_no,
        'intent' as stage,
        r.occurred_at,
        r.channel,
        r.record_id,
        case when r.has_been_sincere = 1 then 'sincerity' else 'behaviours' end as reason
    from ripeness as r
    inner join identified as i on r.person_key = i.person_key
    where
        r.occurred_at >= i.identified_at
        and r.window_points > {{ stage_rule('intent_points') }}
        and (
            r.behaviour_count >= {{ stage_rule('intent_behaviours') }} or r.has_been_sincere = 1
        )
),

conversations as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id
    from touches
    where
        outcome in ('answered', 'replied')
        or (action in ('visit', 'meeting') and coalesce(outcome, '') <> 'failed')
),

first_conversations as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id
    from conversations
    qualify
        row_number() over (
            partition by person_key, segment_no order by occurred_at, channel, record_id
        ) = 1
),

pendings as (
    select
        h.person_key,
        h.segment_no,
        'pending' as stage,
        greatest(h.held_from, c.occurred_at) as occurred_at,
        case when c.occurred_at > h.held_from then c.channel else h.channel end as channel,
        case when c.occurred_at > h.held_from then c.record_id else h.record_id end as record_id,
        case when c.occurred_at > h.held_from then 'conversation' else 'opportunity' end as reason
    from holds as h
    inner join first_conversations as c
        on h.person_key = c.person_key and h.segment_no = c.segment_no
    where h.hold = 'open' and coalesce(c.occurred_at < h.held_to, true)
),

wins as (
    select
        person_key,
        segment_no,
        'won' as stage,
        held_from as occurred_at,
        channel,
        record_id,
        'deal' as reason
    from holds
    where hold = 'won'
),

evidence as (
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from visitors
    union all
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from potentials
    union all
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from profiles
    union all
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from intents
    union all
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from pendings
    union all
    select person_key, segment_no, stage, occurred_at, channel, record_id, reason from wins
)

select
    e.person_key,  -- The person within this release: joins identity.person.
    e.segment_no,  -- Setbacks before it; 0 = before the first.
    e.stage,  -- Stage it is evidence of.
    cast(s.stage_rank as bigint) as stage_rank,  -- 1 visitor … 6 won.
    e.occurred_at,  -- When (UTC).
    e.channel,  -- Channel of the record that is the evidence.
    e.record_id,  -- [pii] The record that is the evidence.
    e.reason  -- What in it tells.
from evidence as e
inner join {{ ref('stages') }} as s on e.stage = s.stage
qualify
    row_number() over (
        partition by e.person_key, e.segment_no, e.stage
        order by e.occurred_at, e.channel, e.record_id, e.reason
    ) = 1
