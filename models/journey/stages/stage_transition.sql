/*
description: Every move between stages, forward and back, with the record that caused it.
grain: [one_id, moved_at, to_stage, direction]
*/
{{ config(restricted=false, restate='person') }}
with

evidence as (
    select
        person_key,
        segment_no,
        stage_rank,
        occurred_at,
        channel,
        record_id,
        reason
    from {{ ref('stage_evidence') }}
),

segments as (
    select
        person_key,
        segment_no
    from evidence
    union
    select
        person_key,
        setback_no as segment_no
    from {{ ref('stage_setback') }}
    union
    select
        person_key,
        setback_no - 1 as segment_no
    from {{ ref('stage_setback') }}
),

tops as (
    select
        s.person_key,
        s.segment_no,
        coalesce(max(e.stage_rank), 0) as top_rank
    from segments as s
    left join evidence as e on s.person_key = e.person_key and s.segment_no = e.segment_no
    group by s.person_key, s.segment_no
),

bases as (
    select
        person_key,
        segment_no,
        top_rank,
        coalesce(
            max(least(top_rank, {{ stage_rule('back_to_rank') }})) over (
                partition by person_key order by segment_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as base_rank,
        coalesce(
            max(top_rank) over (
                partition by person_key order by segment_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as best_before
    from tops
),

stepped as (
    select
        e.person_key,
        e.stage_rank,
        e.occurred_at,
        e.channel,
        e.record_id,
        e.reason,
        b.best_before,
        greatest(
            b.base_rank,
            coalesce(
                max(e.stage_rank) over (
                    partition by e.person_key, e.segment_no
                    order by e.occurred_at, e.stage_rank, e.channel, e.record_id
                    rows between unbounded preceding and 1 preceding
                ),
                0
            )
        ) as rank_before
    from evidence as e
    inner join bases as b on e.person_key = b.person_key and e.segment_no = b.segment_no
),

moves as (
    select
        person_key,
        occurred_at as moved_at,
        rank_before as from_rank,
        stage_rank as to_rank,
        case when stage_rank <= best_before then 're_entry' else 'forward' end as direction,
        reason,
        channel,
        record_id
    from stepped
    where stage_rank > rank_before
    union all
    select
        b.person_key,
        s.setback_at as moved_at,
        greatest(b.base_rank, b.top_rank) as from_rank,
        {{ stage_rule('back_to_rank') }} as to_rank,
        'back' as direction,
        s.reason,
        s.channel,
        s.record_id
    from bases as b
    inner join {{ ref('stage_setback') }} as s
        on b.person_key = s.person_key and b.segment_no + 1 = s.setback_no
    where greatest(b.base_rank, b.top_rank) > {{ stage_rule('back_to_rank') }}
)

select
    p.one_id,  -- The person.
    m.person_key,  -- Number of the person in this release, for joins.
    m.moved_at,  -- When (UTC).
    f.stage as from_stage,  -- Stage before the move; NULL = unknown before.
    t.stage as to_stage,  -- Stage after the move.
    m.direction,  -- forward, back, or re_entry (had reached the stage before a setback).
    m.reason,  -- Kind of evidence; lost or refunded for a move back.
    m.channel,  -- Channel of the evidence.
    m.record_id  -- [pii] The record that is the evidence.
from moves as m
inner join {{ ref('person') }} as p on m.person_key = p.person_key
inner join {{ ref('stages') }} as t on m.to_rank = cast(t.stage_rank as bigint)
left join {{ ref('stages') }} as f on m.from_rank = cast(f.stage_rank as bigint)
