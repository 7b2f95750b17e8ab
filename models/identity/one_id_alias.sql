/*
description: What a former ID became. Exactly one row of a former ID is primary, so that a key saved
  last year still resolves.
grain: [former_one_id, one_id]
*/
with

history as (
    select
        id_type,
        id_value,
        one_id,
        valid_to
    from {{ ref('one_id_history') }}
),

former as (
    select
        id_type,
        id_value,
        one_id as former_one_id,
        max(valid_to) as left_date
    from history
    where valid_to is not null
    group by id_type, id_value, one_id
),

-- Identifiers that are no longer with the ID they had; of nobody, if one_id is NULL.
moved as (
    select
        f.former_one_id,
        f.id_type,
        f.id_value,
        f.left_date,
        o.one_id,
        o.first_landed_seq,
        o.strength
    from former as f
    left join {{ ref('one_id') }} as o on f.id_type = o.id_type and f.id_value = o.id_value
    where o.one_id is distinct from f.former_one_id
),

standing as (
    select one_id
    from {{ ref('one_id') }}
    where is_anchor
),

-- The ID goes with the identifier it was made of; else with the oldest that is somebody's.
heirs as (
    select
        former_one_id,
        one_id
    from moved
    where one_id is not null
    qualify
        row_number() over (
            partition by former_one_id
            order by
                case
                    when
                        'P' || left(fn_keyed_hash(id_type || ':' || id_value), 20) = former_one_id
                        then 0
                    else 1
                end,
                first_landed_seq, strength, id_type, id_value
        ) = 1
),

targets as (
    select
        former_one_id,
        one_id,
        count(*) as identifier_count,
        max(left_date) as since_date
    from moved
    where one_id is not null
    group by former_one_id, one_id
),

target_counts as (
    select
        former_one_id,
        count(*) as target_count
    from targets
    group by former_one_id
),

former_ids as (
    select
        m.former_one_id,
        max(m.left_date) as since_date,
        count(*) as identifier_count,
        max(case when s.one_id is not null then 1 else 0 end) = 1 as is_standing
    from moved as m
    left join standing as s on m.former_one_id = s.one_id
    group by m.former_one_id
)

select
    t.former_one_id,  -- An ID that was published, and lost identifiers.
    t.one_id,  -- Who holds them now; NULL = they identify nobody any more.
    case when f.is_standing or c.target_count > 1 then 'split' else 'merged' end
        as reason,  -- merged, split, kept (the ID stands, without what split off) or withdrawn.
    t.since_date,  -- Business date on which the last of them left.
    t.identifier_count,  -- Identifiers that went this way.
    not f.is_standing and h.one_id is not null
        as is_primary  -- The one a saved key resolves to.
from targets as t
inner join former_ids as f on t.former_one_id = f.former_one_id
inner join target_counts as c on t.former_one_id = c.former_one_id
left join heirs as h on t.former_one_id = h.former_one_id and t.one_id = h.one_id
union all
select
    f.former_one_id,
    case when f.is_standing then f.former_one_id end as one_id,
    case when f.is_standing then 'kept' else 'withdrawn' end as reason,
    f.since_date,
    f.identifier_count,
    true as is_primary
from former_ids as f
left join target_counts as c on f.former_one_id = c.former_one_id
where f.is_standing or c.former_one_id is null
