/*
description: Tags of people, all classes; a multi-valued tag has several rows.
grain: [one_id, tag_code, tag_value]
*/
select
    t.one_id,  -- The person.
    t.tag_code,  -- Tag, as in the tag catalog.
    t.tag_value,  -- Its value.
    t.score,  -- The figure the value was read off; its meaning is the tag's.
    t.evidence_at,  -- Latest evidence (UTC).
    t.evidence_channel,  -- Channel of that evidence.
    t.source_count,  -- Channels that give evidence.
    m.rule_version  -- Hash of the compiled rule.
from {{ ref('14_activity_rating') }} as t
inner join {{ source('ops', 'model') }} as m on m.model = 'tags.14_activity_rating'
