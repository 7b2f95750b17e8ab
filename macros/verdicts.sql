{#- CTEs up to `judged`: every identifier of an entity in `appearances` (one row per combination and type), and whether it
    is valid and not blocked. Patterns are constants, because a constant pattern is compiled once and a pattern from a
    table for every row. -#}
{%- macro judged_identifiers(entity, appearances) -%}
{%- set composites = [] %}
{%- for id in id_types(entity) if id_parts(id) %}{% set _ = composites.append(id) %}{% endfor %}
seen as (
    select
        id_type,
        id_value,
        min(first_landed_seq) as first_landed_seq,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(record_count) as record_count
    from {{ appearances }}
    group by id_type, id_value
),

types as (
    select
        id_type,
        cast(strength as bigint) as strength
    from {{ ref('identifier_types') }}
),

-- A composite is blocked if it is listed itself, or if one of its parts is.
blockable as (
    select
        id_type,
        id_value,
        id_type as listed_type,
        id_value as listed_value
    from seen
    {%- for id in composites %}
    {%- for part in id_parts(id) %}
    union all
    select
        id_type,
        id_value,
        '{{ part }}' as listed_type,
        replace(replace(split_part(id_value, '|', {{ loop.index }}), '%7C', '|'), '%25', '%')
            as listed_value
    from seen
    where id_type = '{{ id }}'
    {%- endfor %}
    {%- endfor %}
),

blocked_values as (
    select
        s.id_type,
        s.id_value,
        max(b.why) as why
    from blockable as s
    inner join listed as b on s.listed_type = b.id_type and s.listed_value = b.id_value
    group by s.id_type, s.id_value
),

pattern_hits as (
    select
        id_type,
        id_value,
        cast(null as varchar) as why
    from blockable
    where false
    {%- for row in reference('blocked_identifiers') if row.kind == 'regex' %}
    union all
    select
        id_type,
        id_value,
        {{ literal(row.why) }} as why
    from blockable
    where
        listed_type = {{ literal(row.id_type) }}
        and regexp_matches(listed_value, {{ literal(row.pattern) }})
    {%- endfor %}
),

blocked_patterns as (
    select
        id_type,
        id_value,
        max(why) as why
    from pattern_hits
    group by id_type, id_value
),

-- Placeholders. A composite is one if a part of it is.
placeholders as (
    select distinct
        id_type,
        id_value
    from blockable
    where
        case
            when listed_type = 'company_name'
                then regexp_matches(listed_value, {{ placeholder('company_name') }})
            else regexp_matches(listed_value, {{ placeholder('identifier') }})
        end
),

-- An identifier that a human excluded stays excluded until a later link brings it back.
excluded as (
    select
        id_type,
        id_value,
        'decided by ' || decided_by as why
    from {{ ref('identifier_exclusion') }}
),

judged as (
    select
        s.id_type,
        s.id_value,
        s.first_landed_seq,
        s.first_seen_at,
        s.last_seen_at,
        s.record_count,
        t.strength,
        coalesce(
            e.why, v.why, p.why,
            case when n.id_value is not null then 'A placeholder: placeholder_words.csv.' end
        ) as blocked_why,
        case
            when
                not case s.id_type
                    {%- for id in id_types(entity) %}
                    when '{{ id }}' then regexp_matches(s.id_value, '{{ id_regex(id) }}')
                    {%- endfor %}
                end
                then 'invalid'
            when e.id_value is not null then 'blocked_rule'
            when v.id_value is not null or n.id_value is not null then 'blocked_value'
            when p.id_value is not null then 'blocked_pattern'
            else 'valid'
        end as verdict
    from seen as s
    inner join types as t on s.id_type = t.id_type
    left join excluded as e on s.id_type = e.id_type and s.id_value = e.id_value
    left join blocked_values as v on s.id_type = v.id_type and s.id_value = v.id_value
    left join blocked_patterns as p on s.id_type = p.id_type and s.id_value = p.id_value
    left join placeholders as n on s.id_type = n.id_type and s.id_value = n.id_value
)
{%- endmacro -%}

{#- Blocked values, for the CTE `listed` that `judged_identifiers` reads. -#}
{%- macro listed_values() -%}
    select
        id_type,
        pattern as id_value,
        why
    from {{ ref('blocked_identifiers') }}
    where kind = 'value'
{%- endmacro -%}
