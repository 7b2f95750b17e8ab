/*
description: Tags of people, all classes, from the models in models/tags/people. A tag with several
  values has several rows.
grain: [one_id, tag_code, tag_value]
*/
with

tagged as (
    {{ union_models('tags/people', {
        'one_id': 'varchar', 'tag_code': 'varchar', 'tag_value': 'varchar',
        'score': 'decimal(18, 4)', 'evidence_at': 'timestamp', 'evidence_channel': 'varchar',
        'source_count': 'bigint'
    }, model_column='model') }}
)

select
    t.one_id,  -- The person.
    t.tag_code,  -- Tag, as in the tag catalog.
    t.tag_value,  -- Its value.
    t.score,  -- Figure that the value was derived from; its meaning depends on the tag.
    t.evidence_at,  -- Latest evidence (UTC).
    t.evidence_channel,  -- Channel of the evidence.
    t.source_count,  -- Number of channels with evidence.
    m.rule_version  -- Hash of the compiled rule.
from tagged as t
inner join {{ source('ops', 'model') }} as m on t.model = m.model
