/*
description: Pairs of companies that a generator found in one of its blocks or that an outside
  matcher named. Pairs that a human decided about are not proposed again.
grain: [left_key, right_key, generator, evidence, left_value, right_value]
*/
{{ config(published=false) }}
with

{%- set proof %}
        case a.generator
            when 'near_company'
                then case
                    when a.value = b.value then 'same_core'
                    when {{ differ_in_a_letter('a.value', 'b.value') }} then 'near_core'
                    when fn_similarity(a.value, b.value) >= {{ var('candidate_similarity') }}
                        then 'similar_core'
                end
            when 'company_sound' then case when a.value <> b.value then 'same_core_sound' end
            when 'abbreviation'
                then case
                    when length(a.value) < length(b.value)
                        then case when fn_abbreviates(a.value, b.value) then 'abbreviates' end
                    when fn_abbreviates(b.value, a.value) then 'abbreviates'
                end
            when 'same_people' then 'shared_people'
            when 'near_domain'
                then case
                    when a.value = b.value then 'same_domain_label'
                    when {{ differ_in_a_letter('a.value', 'b.value') }} then 'near_domain'
                end
        end
{%- endset %}

{{ pairs_of_blocks(ref('company_block'), proof) }},

named as (
    {{ pairs_of_matchers('company', ref('company_record_cluster')) }}
),

{{ undecided_pairs(['found', 'named'], ref('decided_company_pair'), ref('company_cluster')) }},

sides as (
    select
        left_key as side_key,
        left_value as side_value,
        right_key as other_key,
        evidence
    from undecided
    union all
    select
        right_key as side_key,
        right_value as side_value,
        left_key as other_key,
        evidence
    from undecided
),

partners as (
    select
        side_key,
        side_value,
        evidence,
        count(distinct other_key) as partner_count
    from sides
    group by side_key, side_value, evidence
),

-- Of an abbreviation counts how many full names it fits, not how many abbreviations a name has.
weighed as (
    select
        u.left_key,
        u.right_key,
        u.generator,
        u.evidence,
        u.left_value,
        u.right_value,
        case
            when u.evidence <> 'abbreviates' then greatest(a.partner_count, b.partner_count)
            when length(u.left_value) < length(u.right_value) then a.partner_count
            else b.partner_count
        end as partner_count
    from undecided as u
    inner join partners as a
        on
            u.left_key = a.side_key and u.evidence = a.evidence
            and u.left_value is not distinct from a.side_value
    inner join partners as b
        on
            u.right_key = b.side_key and u.evidence = b.evidence
            and u.right_value is not distinct from b.side_value
)

-- A name that is near many others says nothing: in a list of 华阳机电, 华方机电, 华光机电 nobody mistyped.
select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    generator,  -- Generator that found the pair, as in candidate_generators.csv.
    evidence,  -- What the pair has in common, as in candidate_evidence.csv.
    left_value,  -- [public] The value of the first one.
    right_value,  -- [public] The value of the other one.
    partner_count  -- Companies that are as near by this value.
from weighed
where evidence = 'matcher' or partner_count <= {{ var('candidate_neighbours') }}
