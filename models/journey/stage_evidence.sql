/*
description: The first evidence of each stage in each segment of a person's life; a segment ends
  with a setback. What partners do is evidence of no stage.
grain: [person_key, segment_no, stage]
*/
{{- config(published=false) }}
{%- macro first_of(rows, stage, reason, condition) %}
    select
        person_key,
        segment_no,
        '{{ stage }}' as stage,
        min(struct_pack(a := occurred_at, b := channel, c := record_id, d := {{ reason }})) as proof
    from {{ rows }}
    where {{ condition }}
    group by person_key, segment_no
{%- endmacro %}
with

raw_touches as (
    {{ with_segment(
        ref('person_touch'), 'occurred_at',
        [
            'touch_date', 'channel', 'record_id', 'behaviour', 'action', 'direction', 'outcome',
            'product_id', 'content_id', 'campaign_id'
        ]
    ) }}
),

partners as (
    select
        person_key,
        since_at,
        until_at
    from {{ ref('exclusion') }}
    where kind = 'partner' and not is_overruled
),

touches as (
    select
        t.person_key,
        t.segment_no,
        t.occurred_at,
        t.touch_date,
        t.channel,
        t.record_id,
        t.behaviour,
        t.action,
        t.direction,
        t.outcome,
        t.campaign_id,
        coalesce(t.product_id, c.product_id) as product_id
    from raw_touches as t
    left join {{ ref('content') }} as c on t.content_id = c.content_id
    anti join partners as x
        on
            t.person_key = x.person_key
            and t.occurred_at >= x.since_at
            and coalesce(t.occurred_at < x.until_at, true)
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
    anti join partners as x
        on
            p.person_key = x.person_key
            and l.started_at >= x.since_at
            and coalesce(l.started_at < x.until_at, true)
    where
        p.person_key is not null
        and l.started_at is not null
        and l.touchpoint in ('official_account', 'wecom', 'group')
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
    anti join partners as x
        on
            h.person_key = x.person_key
            and h.held_from >= x.since_at
            and coalesce(h.held_from < x.until_at, true)
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

product_views as (
    select
        person_key,
        segment_no,
        occurred_at,
        channel,
        record_id,
        touch_date
    from touches
    where direction = 'inbound' and behaviour = 'view' and product_id is not null
),

view_days as (
    select
        person_key,
        segment_no,
        touch_date,
        count(*) as view_count,
        row_number() over (partition by person_key, segment_no order by touch_date) as day_no,
        sum(count(*)) over (
            partition by person_key, segment_no order by touch_date
            rows between unbounded preceding and current row
        ) as views_so_far
    from product_views
    group by person_key, segment_no, touch_date
),

-- The day on which there were enough views on enough days; which view made it is asked of that day.
full_view_days as (
    select
        person_key,
        segment_no,
        touch_date,
        views_so_far - view_count as views_before
    from view_days
    where
        day_no >= {{ stage_rule('potential_days') }}
        and views_so_far >= {{ stage_rule('potential_views') }}
    qualify row_number() over (partition by person_key, segment_no order by touch_date) = 1
),

numbered_views as (
    select
        v.person_key,
        v.segment_no,
        v.occurred_at,
        v.channel,
        v.record_id,
        d.views_before + row_number() over (
            partition by v.person_key, v.segment_no order by v.occurred_at, v.channel, v.record_id
        ) as view_no
    from product_views as v
    inner join full_view_days as d
        on
            v.person_key = d.person_key
            and v.segment_no = d.segment_no
            and v.touch_date = d.touch_date
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
        person_key,
        segment_no,
        min(struct_pack(a := occurred_at, b := channel, c := record_id)) as talk
    from touches
    where
        outcome in ('answered', 'replied')
        or (action in ('visit', 'meeting') and coalesce(outcome, '') <> 'failed')
    group by person_key, segment_no
),

needs as (
    select
        h.person_key,
        h.segment_no,
        greatest(h.held_from, c.talk.a) as occurred_at,
        case when c.talk.a > h.held_from then c.talk.b else h.channel end as channel,
        case when c.talk.a > h.held_from then c.talk.c else h.record_id end as record_id,
        case when c.talk.a > h.held_from then 'conversation' else 'opportunity' end as need
    from holds as h
    inner join first_conversations as c
        on h.person_key = c.person_key and h.segment_no = c.segment_no
    where h.hold = 'open' and coalesce(c.talk.a < h.held_to, true)
),

proofs as (
    {{ first_of('touches', 'visitor', "'touch'", "direction = 'inbound'") }}
    union all
    {{ first_of(
        'numbered_views', 'potential', "'product_views'",
        'view_no >= ' ~ stage_rule('potential_views')
    ) }}
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
    f.person_key,  -- The person within this release: joins identity.person.
    f.segment_no,  -- Setbacks before it; 0 = before the first.
    f.stage,  -- Stage it is evidence of.
    cast(s.stage_rank as bigint) as stage_rank,  -- 1 visitor … 6 won.
    f.proof.a as occurred_at,  -- When (UTC).
    f.proof.b as channel,  -- Channel of the record that is the evidence.
    f.proof.c as record_id,  -- [pii] The record that is the evidence.
    f.proof.d as reason  -- What in it tells.
from firsts as f
inner join {{ ref('stages') }} as s on f.stage = s.stage
