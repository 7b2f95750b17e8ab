/*
description: What speaks for and against each pair of people. Of each field, the finding that says
  most for the pair.
grain: [left_key, right_key, field]
*/
{{ config(published=false) }}
{%- set composites, parts = [], {} %}
{%- for row in reference('identifier_types') if row.parts and row.entity == 'person' %}
{%- set _ = composites.append((row.id_type, row.parts.split('+') | length)) %}
{#- A name of a person or company is compared as such. -#}
{%- for part in row.parts.split('+') %}
{%- if not part.endswith('name') %}{% set _ = parts.setdefault(part, []).append((row.id_type, loop.index)) %}{% endif %}
{%- endfor %}
{%- endfor %}
with

pairs as (
    select distinct
        left_key,
        right_key
    from {{ ref('person_candidate_pair') }}
),

{{ compared_values(
    'person_value',
    ['name', 'sound', 'mobile', 'mail', 'mailbox', 'company', 'place', 'title', 'account']
    + composites | map(attribute=0) | list
) }},

-- Names that sound the same are compared by their sounds, too.
sounds as (
    select
        c.left_key,
        c.right_key,
        c.left_value as sound,
        c.left_count as holder_count
    from compared as c
    where c.kind = 'sound' and c.left_value = c.right_value
),

reachable as (
    select distinct cluster_key
    from {{ ref('person_value') }}
    where
        kind in ('mobile', 'mail'{% for id_type, _ in composites %}, '{{ id_type }}'{% endfor %})
),

{%- if parts %}

-- The parts of composite identifiers, each by itself.
part_values as (
    {%- for part, places in parts | dictsort %}
    {%- set is_first = loop.first %}
    {%- for id_type, part_no in places %}
    {{ 'union' if not (is_first and loop.first) }}
    select
        cluster_key,
        '{{ part }}' as part,
        split_part(value, '|', {{ part_no }}) as value
    from {{ ref('person_value') }}
    where kind = '{{ id_type }}'
    {%- endfor %}
    {%- endfor %}
),

parts as (
    select
        cluster_key,
        part,
        value,
        count(*) over (partition by part, value) as holder_count
    from part_values
),
{%- endif %}

findings as (
    select
        c.left_key,
        c.right_key,
        case
            when c.left_value = c.right_value then 'same_name'
            when s.holder_count is not null then 'same_sound'
            when
                least(length(c.left_value), length(c.right_value))
                >= {{ var('candidate_near_length') }}
                and fn_edit_distance(c.left_value, c.right_value) <= 1
                then 'near_name'
            -- Two Chinese names that share a character or two are other names.
            when
                regexp_matches(c.left_value, '^[a-z ]+$')
                and fn_similarity(c.left_value, c.right_value) >= {{ var('candidate_similarity') }}
                then 'similar_name'
            else 'other_name'
        end as evidence,
        case when c.left_value = c.right_value then c.left_count else s.holder_count end
            as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    left join {{ ref('name_sound') }} as a on c.left_value = a.name
    left join {{ ref('name_sound') }} as b on c.right_value = b.name
    left join sounds as s
        on
            c.left_key = s.left_key
            and c.right_key = s.right_key
            and a.sound = s.sound
            and b.sound = s.sound
    where c.kind = 'name'
    union all
    select
        c.left_key,
        c.right_key,
        case
            when fn_edit_distance(c.left_value, c.right_value) <= 1
                then 'near_mobile'
            else 'other_mobile'
        end as evidence,
        cast(null as bigint) as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    where c.kind = 'mobile'
    union all
    select
        c.left_key,
        c.right_key,
        case
            when {{ differ_in_a_letter('c.left_value', 'c.right_value') }}
                then 'near_mail'
            else 'other_mail'
        end as evidence,
        cast(null as bigint) as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    where c.kind = 'mail'
    union all
    select
        m.left_key,
        m.right_key,
        'same_mailbox' as evidence,
        b.left_count as holder_count,
        m.left_value,
        m.right_value
    from compared as m
    inner join compared as b
        on
            m.left_key = b.left_key and m.right_key = b.right_key
            and b.kind = 'mailbox'
            and b.left_value = b.right_value
            and split_part(m.left_value, '@', 1) = b.left_value
            and split_part(m.right_value, '@', 1) = b.left_value
    where m.kind = 'mail'
    union all
    select
        c.left_key,
        c.right_key,
        case
            when c.left_value = c.right_value then 'same_company' else 'other_company'
        end as evidence,
        c.left_count as holder_count,
        coalesce(a.company_name, c.left_value) as left_value,
        coalesce(b.company_name, c.right_value) as right_value
    from compared as c
    left join {{ ref('candidate_company_name') }} as a
        on c.left_value = cast(a.account_key as varchar)
    left join {{ ref('candidate_company_name') }} as b
        on c.right_value = cast(b.account_key as varchar)
    where c.kind = 'company'
    union all
    select
        c.left_key,
        c.right_key,
        case when c.left_value = c.right_value then 'same_city' else 'other_city' end as evidence,
        c.left_count as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    where c.kind = 'place'
    union all
    select
        c.left_key,
        c.right_key,
        case when c.left_value = c.right_value then 'same_title' else 'other_title' end as evidence,
        c.left_count as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    where c.kind = 'title'
    union all
    select
        c.left_key,
        c.right_key,
        case when cast(t.strength as bigint) = 1 then 'two_identities' else 'two_accounts' end
            as evidence,
        cast(null as bigint) as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    inner join {{ ref('identifier_types') }} as t on c.left_value = t.id_type
    where c.kind = 'account' and c.left_value = c.right_value
    union all
    select
        p.left_key,
        p.right_key,
        'no_contact' as evidence,
        cast(null as bigint) as holder_count,
        cast(null as varchar) as left_value,
        cast(null as varchar) as right_value
    from pairs as p
    left join reachable as a on p.left_key = a.cluster_key
    left join reachable as b on p.right_key = b.cluster_key
    where a.cluster_key is null or b.cluster_key is null
    {%- for id_type, part_count in composites %}
    union all
    select
        c.left_key,
        c.right_key,
        'near_composite' as evidence,
        cast(null as bigint) as holder_count,
        c.left_value,
        c.right_value
    from compared as c
    where
        c.kind = '{{ id_type }}'
        and {{ near_parts('c.left_value', 'c.right_value', part_count) }}
    {%- endfor %}
    {%- for part, _ in parts | dictsort %}
    union all
    -- A join on the part would tempt an engine to join all values of one part first.
    select
        p.left_key,
        p.right_key,
        case
            when a.value = b.value then 'same_part'
            when fn_similarity(a.value, b.value) >= {{ var('candidate_similarity') }} then 'near_part'
            else 'other_part'
        end || ':{{ part }}' as evidence,
        a.holder_count,
        a.value as left_value,
        b.value as right_value
    from pairs as p
    inner join parts as a on p.left_key = a.cluster_key and a.part = '{{ part }}'
    inner join parts as b on p.right_key = b.cluster_key and b.part = '{{ part }}'
    {%- endfor %}
    union all
    {{ matcher_findings('person', ref('contact_cluster')) }}
),

{{ weighed_findings(
    'person', 'select count(distinct cluster_key) as all_count from ' ~ ref('person_value')
) }}

select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    field,  -- What is compared, as in candidate_evidence.csv.
    evidence,  -- What was found, as in candidate_evidence.csv.
    left_value,  -- [pii] Value of the first one.
    right_value,  -- [pii] Value of the second one.
    bits  -- How much it says for the pair; negative = against it. 1 bit doubles the odds.
from chosen
