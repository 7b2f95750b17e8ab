/*
description: The first evidence of each stage in each segment of a person's history; a setback
  ends a segment. What partners do is not evidence of a stage.
grain: [person_key, segment_no, stage]
*/
{{- config(published=false, restate='person') }}
{%- macro first_of(rows, stage, reason, condition) %}
    select
        person_key,
        segment_no,
        '{{ stage }}' as stage,
        min(
            struct_pack(
                occurred_at := occurred_at, channel := channel, record_id := record_id,
                reason := {{ reason }}
            )
        ) as proof
    from {{ rows }}
    where {{ condition }}
    group by person_key, segment_no
{%- endmacro %}
with

{{ partner_times() }},

raw_touches as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.direction,
        t.outcome,
        t.campaign_id
    from {{ ref('person_touch') }} as t
    anti join partners as x on {{ excluded_at('t', 'occurred_at') }}
),

touches as (
    {{ with_segment(
        'raw_touches', 'occurred_at',
        ['channel', 'record_id', 'behaviour', 'action', 'direction', 'outcome', 'campaign_id']
    ) }}
),

person_links as (
    select
        p.person_key,
        l.started_at as occurred_at,
        l.channel,
        l.record_id,
        l.touchpoint
    from {{ ref('link') }} as l
    inner join {{ ref('record_person') }} as p
        on l.channel = p.channel and l.record_id = p.record_id
    where
        p.person_key is not null
        and l.started_at is not null
        and l.touchpoint in ('official_account', 'wecom', 'group')
),

raw_links as (
    select
        l.person_key,
        l.occurred_at,
        l.channel,
        l.record_id,
        l.touchpoint
    from person_links as l
    anti join partners as x on {{ excluded_at('l', 'occurred_at') }}
),

links as (
    {{ with_segment('raw_links', 'occurred_at', ['channel', 'record_id', 'touchpoint']) }}
),

raw_holds as (
    select
        h.person_key,
        h.held_from,
        h.held_to,
        h.channel,
        h.record_id,
        h.hold
    from {{ ref('deal_hold') }} as h
    anti join partners as x on {{ excluded_at('h', 'held_from') }}
    where h.held_from is not null
),

holds as (
    {{ with_segment('raw_holds', 'held_from', ['channel', 'record_id', 'hold', 'held_to']) }}
),

won_holds as (
    select
        person_key,
        segment_no,
        held_from as occurred_at,
        channel,
        record_id
    from holds
    where hold = 'won'
),

public_campaigns as (
    select distinct campaign_id
    from {{ ref('campaigns') }}
    where domain = 'public'
),

ad_clicks as (
    select
        t.person_key,
        t.segment_no,
        t.occurred_at,
        t.channel,
        t.record_id
    from touches as t
    semi join public_campaigns as c on t.campaign_id = c.campaign_id
    where t.direction = 'inbound' and t.behaviour = 'view'
),

first_conversations as (
    select
        t.person_key,
        t.segment_no,
        min({{ proof('t', 'occurred_at') }}) as talk
    from touches as t
    where {{ is_conversation('t') }}
    group by t.person_key, t.segment_no
),

-- An open opportunity and a conversation together: the later of the two is the evidence.
needs as (
    select
        h.person_key,
        h.segment_no,
        greatest(h.held_from, c.talk.occurred_at) as occurred_at,
        case when c.talk.occurred_at > h.held_from then c.talk.channel else h.channel end
            as channel,
        case when c.talk.occurred_at > h.held_from then c.talk.record_id else h.record_id end
            as record_id,
        case when c.talk.occurred_at > h.held_from then 'conversation' else 'opportunity' end
            as need
    from holds as h
    inner join first_conversations as c
        on h.person_key = c.person_key and h.segment_no = c.segment_no
    where h.hold = 'open' and coalesce(c.talk.occurred_at < h.held_to, true)
),

proofs as (
    {{ first_of('touches', 'visitor', "'touch'", "direction = 'inbound'") }}
    union all
    {{ first_of(ref('stage_potential'), 'potential', 'reason', 'true') }}
    union all
    {{ first_of('links', 'potential', "'follow'", "touchpoint = 'official_account'") }}
    union all
    {{ first_of(
        'touches', 'profiled', 'behaviour',
        "direction = 'inbound' and behaviour in ('download', 'register', 'attend')"
        ~ " and coalesce(action, '') <> 'follow'"
    ) }}
    union all
    {{ first_of('ad_clicks', 'profiled', "'ad_click'", 'true') }}
    union all
    {{ first_of(
        'links', 'profiled', "'link_' || touchpoint", "touchpoint in ('wecom', 'group')"
    ) }}
    union all
    {{ first_of(ref('stage_intent'), 'intent', 'reason', 'true') }}
    union all
    {{ first_of('needs', 'pending', 'need', 'true') }}
    union all
    {{ first_of('won_holds', 'won', "'deal'", 'true') }}
),

firsts as (
    select
        person_key,
        segment_no,
        stage,
        min(proof) as proof
    from proofs
    group by person_key, segment_no, stage
)

select
    f.person_key,  -- Number of the person in this release; joins identity.person.
    f.segment_no,  -- Number of setbacks before it; 0 = before the first.
    f.stage,  -- Stage that it proves.
    cast(s.stage_rank as bigint) as stage_rank,  -- 1 visitor … 6 won.
    f.proof.occurred_at,  -- When (UTC).
    f.proof.channel,  -- Channel of the record that is the evidence.
    f.proof.record_id,  -- [pii] The record that is the evidence.
    f.proof.reason  -- Kind of evidence.
from firsts as f
inner join {{ ref('stages') }} as s on f.stage = s.stage
