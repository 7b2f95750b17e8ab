/*
description: Pairs of companies that a generator found in one of its blocks or that an outside
  matcher named. Pairs that a human decided about are not proposed again.
grain: [left_key, right_key, generator]
*/
{{ config(published=false) }}
with

{{ pairs_of_blocks(ref('company_block')) }},

named as (
    {{ pairs_of_matchers('company', ref('company_record_cluster')) }}
),

{{ undecided_pairs(['found', 'named'], ref('decided_company_pair'), ref('company_cluster')) }}
