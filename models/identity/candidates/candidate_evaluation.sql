/*
description: How good the candidates are. Precision and recall of each generator by what stewards
  decided and by identity_labels.csv, and how many pairs are probably still missed.
grain: [metric, member]
*/
{{ config(published=false) }}
with

-- The latest verdict about a pair counts, whichever side was known first at that time.
verdicts as (
    select
        d.entity,
        least(d.left_id, d.right_id) as lesser_id,
        greatest(d.left_id, d.right_id) as greater_id,
        d.generators,
        cast(d.score as decimal(4, 3)) as score,
        d.verdict
    from {{ ref('candidate_decisions') }} as d
    qualify
        row_number() over (
            partition by least(d.left_id, d.right_id), greatest(d.left_id, d.right_id)
            order by cast(d.decided_at as timestamp) desc, d.verdict asc, d.candidate_id asc
        ) = 1
),

decided as (
    select
        entity,
        lesser_id || '|' || greater_id as pair,
        generators,
        score,
        verdict = 'accept' as is_right
    from verdicts
    where verdict in ('accept', 'refuse')
),

-- People as far as labels know them, before candidates join by themselves. Labels of a sample
-- repeat a verdict, and its records are compared with no others.
labelled as (
    select distinct
        k.cluster_key,
        l.person
    from {{ ref('identity_labels') }} as l
    inner join {{ ref('contact_cluster') }} as k
        on l.channel = k.channel and l.record_id = split_part(k.record_id, '#', 1)
    where l.person is not null and l.sample is null
),

missed as (
    select distinct
        a.cluster_key as left_key,
        b.cluster_key as right_key
    from labelled as a
    inner join labelled as b on a.person = b.person and a.cluster_key < b.cluster_key
),

known as (
    select distinct cluster_key
    from labelled
),

labelled_candidates as (
    select
        'person' as entity,
        cast(c.left_key as varchar) || '|' || c.right_key as pair,
        c.generators,
        c.score,
        m.left_key is not null as is_right
    from {{ ref('person_candidate') }} as c
    semi join known as a on c.left_key = a.cluster_key
    semi join known as b on c.right_key = b.cluster_key
    left join missed as m on c.left_key = m.left_key and c.right_key = m.right_key
),

judged as (
    select
        entity,
        pair,
        generators,
        score,
        is_right
    from decided
    union all
    select
        entity,
        pair,
        generators,
        score,
        is_right
    from labelled_candidates
),

found_by as (
    select
        j.entity,
        j.pair,
        u.generator,
        j.is_right
    from judged as j
    cross join unnest(string_split(j.generators, ', ')) as u (generator)
),

by_generator as (
    select
        f.entity,
        f.pair,
        f.generator,
        g.family,
        f.is_right
    from found_by as f
    inner join {{ ref('candidate_generators') }} as g on f.generator = g.generator
),

-- Pairs that should be one: those that a steward accepted, and those that labels know.
accepted as (
    select
        entity,
        count(*) as right_count
    from decided
    where is_right
    group by entity
    union all
    select
        'person' as entity,
        count(*) as right_count
    from missed
),

right_counts as (
    select
        entity,
        cast(sum(right_count) as bigint) as right_count
    from accepted
    group by entity
),

open_candidates as (
    select
        'person' as entity,
        c.generators,
        c.score
    from {{ ref('person_candidate') }} as c
    anti join {{ ref('person_join') }} as j
        on c.left_key = j.left_key and c.right_key = j.right_key
    union all
    select
        'company' as entity,
        c.generators,
        c.score
    from {{ ref('company_candidate') }} as c
    anti join {{ ref('company_join') }} as j
        on c.left_key = j.left_key and c.right_key = j.right_key
),

listed as (
    select
        o.entity,
        u.generator,
        count(*) as candidate_count
    from open_candidates as o
    cross join unnest(string_split(o.generators, ', ')) as u (generator)
    group by o.entity, u.generator
),

-- What a score is worth by the verdicts of its tenth. Two verdicts as the score says are added, so
-- that a tenth with few verdicts is not believed too much.
tenths as (
    select
        entity,
        cast(floor(score * 10) as bigint) as tenth,
        count(*) as judged_count,
        count(*) filter (where is_right) as right_count
    from judged
    group by entity, cast(floor(score * 10) as bigint)
),

expected as (
    select
        o.entity,
        sum(cast(
            (coalesce(t.right_count, 0) + 2 * cast(o.score as double))
            / (coalesce(t.judged_count, 0) + 2) as decimal(18, 6)
        )) as pair_count
    from open_candidates as o
    left join tenths as t
        on o.entity = t.entity and cast(floor(o.score * 10) as bigint) = t.tenth
    group by o.entity
),

-- How many right pairs no generator found: two families of generators are taken for two captures
-- (Chapman 1951). They depend on each other, so this is a lower bound.
captures as (
    select
        entity,
        pair,
        max(case when family = 'contact' then 1 else 0 end) as by_contact,
        max(case when family = 'context' then 1 else 0 end) as by_context
    from by_generator
    where is_right
    group by entity, pair
),

captured as (
    select
        entity,
        count(*) as found_count,
        cast(sum(by_contact) as bigint) as contact_count,
        cast(sum(by_context) as bigint) as context_count,
        cast(sum(by_contact * by_context) as bigint) as both_count
    from captures
    group by entity
),

unseen as (
    select
        entity,
        greatest(
            cast(contact_count + 1 as double) * (context_count + 1) / (both_count + 1) - 1
            - (contact_count + context_count - both_count),
            0.0
        ) / greatest(found_count, 1) as unseen_share
    from captured
),

rates as (
    select
        'candidates' as metric,
        generator as member,
        cast(candidate_count as decimal(38, 6)) as numerator,
        cast(null as decimal(38, 6)) as denominator
    from listed
    union all
    select
        'candidate_blocks_cut' as metric,
        generator as member,
        cast(cut_count as decimal(38, 6)) as numerator,
        cast(null as decimal(38, 6)) as denominator
    from {{ ref('candidate_block') }}
    where cut_count > 0
    union all
    select
        'candidate_precision' as metric,
        generator as member,
        cast(count(distinct pair) filter (where is_right) as decimal(38, 6)) as numerator,
        cast(count(distinct pair) as decimal(38, 6)) as denominator
    from by_generator
    group by generator
    union all
    select
        'candidate_recall' as metric,
        g.generator as member,
        cast(count(distinct j.pair) as decimal(38, 6)) as numerator,
        cast(max(r.right_count) as decimal(38, 6)) as denominator
    from {{ ref('candidate_generators') }} as g
    inner join right_counts as r on g.entity = r.entity
    left join by_generator as j on g.generator = j.generator and j.is_right
    group by g.generator
    union all
    select
        'missed_pairs' as metric,
        e.entity as member,
        cast(
            cast(e.pair_count as double) * (1.0 + coalesce(u.unseen_share, 0.0)) as decimal(38, 6)
        ) as numerator,
        cast(1 as decimal(38, 6)) as denominator
    from expected as e
    left join unseen as u on e.entity = u.entity
)

select
    metric,  -- candidates, missed_pairs, or candidate_: blocks_cut, precision, recall.
    member,  -- Generator; for missed_pairs person or company.
    numerator,  -- Numerator.
    denominator  -- Denominator; NULL = a count.
from rates
