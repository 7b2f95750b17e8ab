/*
description: Candidates among companies that join by themselves, because their score reaches
  join_candidates_from. Empty unless that setting is on.
grain: [right_key]
*/
{{ config(published=false) }}
{{ joined_candidates(
    'company', ref('company_candidate'), ref('company_cluster'), ref('company_identifier')
) }}
