/*
description: Pairs of person identifiers that a human linked or unlinked, by their numbers; only the
  latest decision about each pair.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
{{ decided_pairs(ref('person_identifier'), 'person') }}
