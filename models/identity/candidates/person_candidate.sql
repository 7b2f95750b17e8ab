/*
description: Pairs of people who are probably one, with the probability that follows from the
  evidence, before candidates join by themselves.
grain: [left_key, right_key]
*/
{{ config(published=false) }}
{{ scored_pairs(
    'person', ref('person_candidate_pair'), ref('person_evidence'), ref('contact_cluster'),
    'select count(distinct cluster_key) as all_count from ' ~ ref('person_value')
) }}
