{#- IDs of people and companies, and what became of former ones. -#}

{#- The ID that an identifier gives: a letter (P person, C company) and 20 hex digits of the keyed hash of the
    identifier. A person or company has the ID of its oldest identifier, the anchor. -#}
{%- macro id_of(letter, id_type, id_value) -%}
'{{ letter }}' || left(fn_keyed_hash({{ id_type }} || ':' || {{ id_value }}), 20)
{%- endmacro -%}

{#- CTEs up to `aliases`: what became of IDs that lost identifiers. `history` is a snapshot of the ID map `map`, `id` its
    column, `letter` what IDs begin with. Exactly one row of a former ID is primary. -#}
{%- macro former_ids(history, map, id, letter) -%}
history as (
    select
        id_type,
        id_value,
        {{ id }},
        valid_to
    from {{ history }}
),

former as (
    select
        id_type,
        id_value,
        {{ id }} as former_{{ id }},
        max(valid_to) as left_date
    from history
    where valid_to is not null
    group by id_type, id_value, {{ id }}
),

-- Identifiers that no longer have their former ID. They identify nobody if {{ id }} is NULL.
moved as (
    select
        f.former_{{ id }},
        f.id_type,
        f.id_value,
        f.left_date,
        o.{{ id }},
        o.first_landed_seq,
        o.strength
    from former as f
    left join {{ map }} as o on f.id_type = o.id_type and f.id_value = o.id_value
    where o.{{ id }} is distinct from f.former_{{ id }}
),

standing as (
    select {{ id }}
    from {{ map }}
    where is_anchor
),

-- The ID follows the identifier that it was derived from, or else the oldest identifier still in use.
heirs as (
    select
        former_{{ id }},
        {{ id }}
    from moved
    where {{ id }} is not null
    qualify
        row_number() over (
            partition by former_{{ id }}
            order by
                case
                    when
                        {{ id_of(letter, 'id_type', 'id_value') }} = former_{{ id }}
                        then 0
                    else 1
                end,
                first_landed_seq, strength, id_type, id_value
        ) = 1
),

targets as (
    select
        former_{{ id }},
        {{ id }},
        count(*) as identifier_count,
        max(left_date) as since_date
    from moved
    where {{ id }} is not null
    group by former_{{ id }}, {{ id }}
),

target_counts as (
    select
        former_{{ id }},
        count(*) as target_count
    from targets
    group by former_{{ id }}
),

former_ids as (
    select
        m.former_{{ id }},
        max(m.left_date) as since_date,
        count(*) as identifier_count,
        max(case when s.{{ id }} is not null then 1 else 0 end) = 1 as is_standing
    from moved as m
    left join standing as s on m.former_{{ id }} = s.{{ id }}
    group by m.former_{{ id }}
),

aliases as (
    select
        t.former_{{ id }},
        t.{{ id }},
        case when f.is_standing or c.target_count > 1 then 'split' else 'merged' end as reason,
        t.since_date,
        t.identifier_count,
        not f.is_standing and h.{{ id }} is not null as is_primary
    from targets as t
    inner join former_ids as f on t.former_{{ id }} = f.former_{{ id }}
    inner join target_counts as c on t.former_{{ id }} = c.former_{{ id }}
    left join heirs as h on t.former_{{ id }} = h.former_{{ id }} and t.{{ id }} = h.{{ id }}
    union all
    select
        f.former_{{ id }},
        case when f.is_standing then f.former_{{ id }} end as {{ id }},
        case when f.is_standing then 'kept' else 'withdrawn' end as reason,
        f.since_date,
        f.identifier_count,
        true as is_primary
    from former_ids as f
    left join target_counts as c on f.former_{{ id }} = c.former_{{ id }}
    where f.is_standing or c.former_{{ id }} is null
)
{%- endmacro -%}
