/*
description: The first moment of each segment at which a person shows intent. The person is known by
  name and reachable, has a score high enough, has shown several behaviours or a sincere one, and is
  not excluded.
grain: [person_key, segment_no]
*/
{{ config(published=false, restate='person') }}
-- noqa: disable=LT02
{%- set halvings = threshold('score_halvings') | int %}
{%- set days = threshold('score_half_life_days') | int %}
{%- set ends = ['current row'] %}
{%- for halving in range(1, halvings + 1) %}
{%- set _ = ends.append('interval %d day preceding' % (days * halving)) %}
{%- endfor %}
with

points as (
    select
        s.person_key,
        s.occurred_at,
        s.started_at,
        s.points
    from {{ ref('score_event') }} as s
    semi join {{ ref('identification') }} as i on s.person_key = i.person_key
),

all_scores as (
    {{ with_segment('points', 'occurred_at', ['started_at', 'points']) }}
),

-- A sequence that began before a setback does not count after it.
scores as (
    select
        person_key,
        segment_no,
        occurred_at,
        points
    from all_scores
    where started_at is null or segment_from is null or started_at > segment_from
),

rich as (
    select
        person_key,
        segment_no
    from scores
    group by person_key, segment_no
    having sum(points) > {{ stage_rule('intent_score') }}
),

known_touches as (
    select
        t.person_key,
        t.occurred_at,
        t.behaviour,
        t.action
    from {{ ref('person_touch') }} as t
    semi join rich as r on t.person_key = r.person_key
    where t.direction = 'inbound'
),

touches as (
    {{ with_segment('known_touches', 'occurred_at', ['behaviour', 'action']) }}
),

first_times as (
    select
        person_key,
        segment_no,
        behaviour,
        min(occurred_at) as first_at
    from touches
    where behaviour is not null
    group by person_key, segment_no, behaviour
),

ordered_times as (
    select
        person_key,
        segment_no,
        first_at,
        row_number() over (
            partition by person_key, segment_no order by first_at, behaviour
        ) as behaviour_no
    from first_times
),

broad as (
    select
        person_key,
        segment_no,
        min(first_at) as broad_at
    from ordered_times
    where behaviour_no >= {{ stage_rule('intent_behaviours') }}
    group by person_key, segment_no
),

sincere as (
    select
        t.person_key,
        t.segment_no,
        min(t.occurred_at) as sincere_at
    from touches as t
    semi join {{ ref('sincere_actions') }} as s on t.action = s.action
    group by t.person_key, t.segment_no
),

ready as (
    select
        r.person_key,
        r.segment_no,
        s.sincere_at,
        greatest(
            i.identified_at,
            least(coalesce(b.broad_at, s.sincere_at), coalesce(s.sincere_at, b.broad_at))
        ) as ready_at
    from rich as r
    inner join {{ ref('identification') }} as i on r.person_key = i.person_key
    left join broad as b on r.person_key = b.person_key and r.segment_no = b.segment_no
    left join sincere as s on r.person_key = s.person_key and r.segment_no = s.segment_no
    where b.broad_at is not null or s.sincere_at is not null
),

identified as (
    {{ with_segment(ref('identification'), 'identified_at', []) }}
),

rows_of_moments as (
    select
        person_key,
        segment_no,
        occurred_at,
        points,
        0 as is_proof
    from scores
    union all
    select
        person_key,
        segment_no,
        occurred_at,
        0 as points,
        1 as is_proof
    from touches
    union all
    select
        person_key,
        segment_no,
        identified_at as occurred_at,
        0 as points,
        1 as is_proof
    from identified
),

moments as (
    select
        m.person_key,
        m.segment_no,
        m.occurred_at,
        cast(sum(m.points) as decimal(18, 2)) as points,
        max(m.is_proof) as is_proof
    from rows_of_moments as m
    semi join ready as r on m.person_key = r.person_key and m.segment_no = r.segment_no
    group by m.person_key, m.segment_no, m.occurred_at
),

-- Points by age: older_n is the sum of points that were halved n times or more by then.
aged as (
    select
        person_key,
        segment_no,
        occurred_at,
        is_proof
        {%- for halving in range(halvings + 1) %},
        cast(coalesce(sum(points) over (
            partition by person_key, segment_no order by occurred_at
            range between unbounded preceding and {{ ends[halving] }}
        ), 0) as decimal(18, 2)) as older_{{ halving }}
        {%- endfor %}
    from moments
),

scored as (
    select
        person_key,
        segment_no,
        occurred_at,
        is_proof,
        {%- for halving in range(halvings) %}
        {{ '+ ' if halving }}{{ decay(halving) }} * (older_{{ halving }} - older_{{ halving + 1 }})
        {%- endfor %} as score
    from aged
),

ripe as (
    select
        s.person_key,
        s.segment_no,
        s.occurred_at,
        case when r.sincere_at <= s.occurred_at then 'sincerity' else 'behaviours' end as reason
    from scored as s
    inner join ready as r on s.person_key = r.person_key and s.segment_no = r.segment_no
    where
        s.is_proof = 1
        and s.occurred_at >= r.ready_at
        and s.score > {{ stage_rule('intent_score') }}
),

firsts as (
    select
        r.person_key,
        r.segment_no,
        r.occurred_at,
        r.reason
    from ripe as r
    anti join {{ ref('exclusion') }} as x
        on not x.is_overruled and {{ excluded_at('r', 'occurred_at') }}
    qualify
        row_number() over (partition by r.person_key, r.segment_no order by r.occurred_at) = 1
),

-- Only the moments that count need a record.
records as (
    select
        t.person_key,
        t.occurred_at,
        t.channel,
        t.record_id
    from {{ ref('person_touch') }} as t
    semi join firsts as f on t.person_key = f.person_key and t.occurred_at = f.occurred_at
    where t.direction = 'inbound'
    union all
    select
        person_key,
        identified_at as occurred_at,
        channel,
        record_id
    from {{ ref('identification') }}
),

proofs as (
    select
        person_key,
        occurred_at,
        min(struct_pack(channel := channel, record_id := record_id)) as record
    from records
    group by person_key, occurred_at
)

select
    f.person_key,  -- Number of the person in this release; joins identity.person.
    f.segment_no,  -- Number of setbacks before it; 0 = before the first.
    f.occurred_at,  -- When (UTC).
    p.record.channel,  -- Channel of the record that is the evidence.
    p.record.record_id,  -- [pii] The record that is the evidence.
    f.reason  -- sincerity or behaviours.
from firsts as f
inner join proofs as p on f.person_key = p.person_key and f.occurred_at = p.occurred_at
