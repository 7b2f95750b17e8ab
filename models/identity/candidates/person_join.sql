/*
description: Candidates among people that join by themselves, because their score reaches
  join_candidates_from. Empty unless that setting is on.
grain: [right_key]
*/
{{ config(published=false) }}
{{ joined_candidates(
    'person', ref('person_candidate'), ref('node_cluster'), ref('person_identifier')
) }}
