/*
description: Two identifiers that a human said are one person's, or are not; by their numbers, the
  latest word only.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
{{ decided_pairs(ref('identifier_seen')) }}
