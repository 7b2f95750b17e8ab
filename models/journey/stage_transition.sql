/*
description: Every move between stages, forward and back, with the record that caused it.
grain: [one_id, moved_at, to_stage, direction]
*/
with

evidence as (
    select
        one_id,
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
        one_id,
        segment_no
    from evidence
    union
    select
        one_id,
        setback_no as segment_no
    from {{ ref('stage_setback') }}
    union
    select
        one_id,
        setback_no - 1 as segment_no
    from {{ ref('stage_setback') }}
),

tops as (
    select
        s.one_id,
        s.segment_no,
        coalesce(max(e.stage_rank), 0) as top_rank
    from segments as s
    left join evidence as e on s.one_id = e.one_id and s.segment_no = e.segment_no
    group by s.one_id, s.segment_no
),

bases as (
    select
        one_id,
        segment_no,
        top_rank,
        coalesce(
            max(least(top_rank, {{ stage_rule('back_to_rank') }})) over (
                partition by one_id order by segment_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as base_rank,
        coalesce(
            max(top_rank) over (
                partition by one_id order by segment_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as best_before
    from tops
),

stepped as (
    select
        e.one_id,
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
                    partition by e.one_id, e.segment_no
                    order by e.occurred_at, e.stage_rank, e.channel, e.record_id
                    rows between unbounded preceding and 1 preceding
                ),
                0
            )
        ) as rank_before
    from evidence as e
    inner join bases as b on e.one_id = b.one_id and e.segment_no = b.segment_no
),

moves as (
    select
        one_id,
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
        b.one_id,
        s.setback_at as moved_at,
        greatest(b.base_rank, b.top_rank) as from_rank,
        {{ stage_rule('back_to_rank') }} as to_rank,
        'back' as direction,
        s.reason,
        s.channel,
        s.record_id
    from bases as b
    inner join {{ ref('stage_setback') }} as s
        on b.one_id = s.one_id and b.segment_no + 1 = s.setback_no
    where greatest(b.base_rank, b.top_rank) > {{ stage_rule('back_to_rank') }}
)

select
    m.one_id,  -- The person.
    m.moved_at,  -- When (UTC).
    f.stage as from_stage,  -- Stage before; NULL = not known before.
    t.stage as to_stage,  -- Stage after.
    m.direction,  -- forward, back, or re_entry into a stage reached before a setback.
    m.reason,  -- What in the evidence tells; lost or refunded for a move back.
    m.channel,  -- Channel of the evidence.
    m.record_id  -- [pii] The record that is the evidence.
from moves as m
inner join {{ ref('stages') }} as t on m.to_rank = cast(t.stage_rank as bigint)
left join {{ ref('stages') }} as f on m.from_rank = cast(f.stage_rank as bigint)
