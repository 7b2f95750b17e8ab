/*
description: How correct the identities are according to identity_labels.csv, by pairs of records
  and by B-cubed. Records of one sample are compared only with each other. Without labels the table
  is empty.
grain: [member, metric]
*/
{{ config(published=false) }}
with

labelled as (
    select
        r.channel,
        r.record_id,
        r.person_key,
        l.person,
        coalesce(l.sample, '') as sample,
        case when l.sample is null then 'labelled' else 'decided' end as member
    from {{ ref('record_person') }} as r
    inner join {{ ref('identity_labels') }} as l
        on r.channel = l.channel and split_part(r.record_id, '#', 1) = l.record_id
    where l.person is not null
),

cells as (
    select
        member,
        sample,
        person_key,
        person,
        count(*) as cell_size
    from labelled
    group by member, sample, person_key, person
),

found_sizes as (
    select
        member,
        sample,
        person_key,
        cast(sum(cell_size) as bigint) as found_size
    from cells
    where person_key is not null
    group by member, sample, person_key
),

true_sizes as (
    select
        member,
        sample,
        person,
        cast(sum(cell_size) as bigint) as true_size
    from cells
    group by member, sample, person
),

right_pairs as (
    select
        member,
        coalesce(sum(cell_size * (cell_size - 1)) filter (where person_key is not null), 0)
            as right_pairs
    from cells
    group by member
),

found_pairs as (
    select
        member,
        sum(found_size * (found_size - 1)) as found_pairs
    from found_sizes
    group by member
),

true_pairs as (
    select
        member,
        sum(true_size * (true_size - 1)) as true_pairs
    from true_sizes
    group by member
),

-- All rates are given if there are labels, even if the labels only say who is not the same. Such
-- labels find wrong pairs, although there are no right ones.
pairs as (
    select
        r.member,
        r.right_pairs,
        coalesce(f.found_pairs, 0) as found_pairs,
        t.true_pairs
    from right_pairs as r
    inner join true_pairs as t on r.member = t.member
    left join found_pairs as f on r.member = f.member
),

-- B-cubed (Bagga and Baldwin 1998): the precision and recall of every record, averaged. A record
-- that belongs to nobody counts as a person of its own.
b_cubed as (
    select
        c.member,
        sum(
            case
                when c.person_key is null then cast(c.cell_size as decimal(38, 12))
                else cast(
                    cast(c.cell_size as double) * c.cell_size / f.found_size as decimal(38, 12)
                )
            end
        ) as precision_sum,
        sum(
            case
                when c.person_key is null
                    then cast(cast(c.cell_size as double) / t.true_size as decimal(38, 12))
                else cast(
                    cast(c.cell_size as double) * c.cell_size / t.true_size as decimal(38, 12)
                )
            end
        ) as recall_sum,
        sum(c.cell_size) as record_count
    from cells as c
    inner join true_sizes as t on c.sample = t.sample and c.person = t.person
    left join found_sizes as f on c.sample = f.sample and c.person_key = f.person_key
    group by c.member
),

rates as (
    select
        member,
        'pair_precision' as metric,
        cast(right_pairs / 2 as decimal(38, 6)) as numerator,
        cast(found_pairs / 2 as decimal(38, 6)) as denominator
    from pairs
    union all
    select
        member,
        'pair_recall' as metric,
        cast(right_pairs / 2 as decimal(38, 6)) as numerator,
        cast(true_pairs / 2 as decimal(38, 6)) as denominator
    from pairs
    union all
    -- 2PR / (P + R), of which the pairs found and true remain.
    select
        member,
        'pair_f1' as metric,
        cast(right_pairs as decimal(38, 6)) as numerator,
        cast((found_pairs + true_pairs) / 2 as decimal(38, 6)) as denominator
    from pairs
    union all
    select
        member,
        'b_cubed_precision' as metric,
        cast(precision_sum as decimal(38, 6)) as numerator,
        cast(record_count as decimal(38, 6)) as denominator
    from b_cubed
    union all
    select
        member,
        'b_cubed_recall' as metric,
        cast(recall_sum as decimal(38, 6)) as numerator,
        cast(record_count as decimal(38, 6)) as denominator
    from b_cubed
    union all
    select
        member,
        'b_cubed_f1' as metric,
        cast(
            2 * cast(precision_sum as double) * cast(recall_sum as double)
            / (cast(precision_sum as double) + cast(recall_sum as double)) as decimal(38, 6)
        ) as numerator,
        cast(record_count as decimal(38, 6)) as denominator
    from b_cubed
)

select
    member,  -- labelled; decided = samples that a steward checked, from candidates.
    metric,  -- pair_precision, pair_recall, pair_f1, or b_cubed_….
    numerator,  -- Number of pairs of labelled records, or the sum over records.
    denominator  -- Denominator.
from rates
