/*
description: Two identifiers that a human said are one company's, or are not; by their numbers, the
  latest word only.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
{{ decided_pairs(ref('company_identifier')) }}
