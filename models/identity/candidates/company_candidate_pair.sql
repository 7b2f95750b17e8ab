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
            when 'company_sound' then 'same_core_sound'
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

{{ undecided_pairs(['found', 'named'], ref('decided_company_pair'), ref('company_cluster')) }}
