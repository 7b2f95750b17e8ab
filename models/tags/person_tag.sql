/*
description: Tags of people, all classes. A tag with several values has several rows.
grain: [one_id, tag_code, tag_value]
*/
select
    t.one_id,  -- The person.
    t.tag_code,  -- Tag, as in the tag catalog.
    t.tag_value,  -- Its value.
    t.score,  -- Figure that the value was derived from; its meaning depends on the tag.
    t.evidence_at,  -- Latest evidence (UTC).
    t.evidence_channel,  -- Channel of the evidence.
    t.source_count,  -- Number of channels with evidence.
    m.rule_version  -- Hash of the compiled rule.
from {{ ref('14_activity_rating') }} as t
inner join {{ source('ops', 'model') }} as m on m.model = 'tags.14_activity_rating'
