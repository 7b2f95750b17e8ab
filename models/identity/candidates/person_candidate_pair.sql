/*
description: Pairs of people that a generator found in one of its blocks or that an outside matcher
  named. Pairs that a human decided about are not proposed again.
grain: [left_key, right_key, generator, evidence, left_value, right_value]
*/
{{ config(published=false) }}
with

{%- set proof %}
        case
            when a.generator in ('same_company', 'rare_name') then 'same_name'
            when a.generator = 'near_composite'
                then case
                    when fn_similarity(a.value, b.value) >= {{ var('candidate_similarity') }}
                        then 'near_composite'
                end
            when a.generator = 'near_mobile'
                then case when fn_edit_distance(a.value, b.value) <= 1 then 'near_mobile' end
            when
                a.generator = 'near_mail'
                and split_part(a.value, '@', 1) = split_part(b.value, '@', 1)
                then 'same_mailbox'
            when a.generator = 'near_name' and a.block = b.value then 'same_sound'
            when {{ differ_in_a_letter('a.value', 'b.value') }} then a.generator
        end
{%- endset %}

{{ pairs_of_blocks(ref('person_block'), proof) }},

named as (
    {{ pairs_of_matchers('person', ref('contact_cluster')) }}
),

{{ undecided_pairs(['found', 'named'], ref('decided_pair'), ref('node_cluster')) }}

select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    generator,  -- Generator that found the pair, as in candidate_generators.csv.
    evidence,  -- What the pair has in common, as in candidate_evidence.csv.
    left_value,  -- [pii] The value of the first one.
    right_value  -- [pii] The value of the other one.
from undecided
