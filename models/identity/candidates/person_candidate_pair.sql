/*
description: Pairs of people that a generator found in one of its blocks or that an outside matcher
  named. Pairs that a human decided about are not proposed again.
grain: [left_key, right_key, generator]
*/
{{ config(published=false) }}
with

{{ pairs_of_blocks(ref('person_block')) }},

named as (
    {{ pairs_of_matchers('person', ref('contact_cluster')) }}
),

{{ undecided_pairs(['found', 'named'], ref('decided_pair'), ref('node_cluster')) }}
