/*
description: The segments that each person is in, for KPIs about people.
grain: [level, entity_key, member]
*/
{{ config(published=false, materialized='view') }}
select
    'person' as level,  -- person: the key is one of a person.
    person_key as entity_key,  -- Number of the person in this release.
    'segment' as dimension,  -- segment.
    segment as member  -- Segment; a person may be in several.
from {{ ref('segment_member') }}
