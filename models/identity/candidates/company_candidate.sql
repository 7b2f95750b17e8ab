/*
description: Pairs of companies that are probably one, with the probability that follows from the
  evidence, before candidates join by themselves.
grain: [left_key, right_key]
*/
{{ config(published=false) }}
{{ scored_pairs(
    'company', ref('company_candidate_pair'), ref('company_evidence'), ref('company_record_cluster'),
    'select count(distinct cluster_key) as all_count from ' ~ ref('company_cluster')
) }}
