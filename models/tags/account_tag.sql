/*
description: Tags of companies, all classes, from the models in models/tags/companies. A tag with
  several values has several rows. A tag that cannot be computed has none.
grain: [account_id, tag_code, tag_value]
*/
with

tagged as (
    {{ union_models('tags/companies', {
        'account_id': 'varchar', 'tag_code': 'varchar', 'tag_value': 'varchar',
        'score': 'decimal(18, 4)', 'evidence_at': 'timestamp', 'evidence_channel': 'varchar',
        'source_count': 'bigint'
    }) }}
),

uncomputable as (
    select distinct tag_code
    from {{ ref('tag_input') }}
    where not is_filled
)

select
    t.account_id,  -- The company.
    t.tag_code,  -- Tag, as in the tag catalog.
    t.tag_value,  -- Its value.
    t.score,  -- Figure that the value was derived from; its meaning depends on the tag.
    t.evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    t.evidence_channel,  -- Channel of the evidence.
    t.source_count,  -- Number of channels with evidence.
    r.rule_version  -- Hash of the rule, see ops.tag_rule.
from tagged as t
inner join {{ source('ops', 'tag_rule') }} as r
    on t.tag_code = r.tag_code and r.level = 'account'
anti join uncomputable as u on t.tag_code = u.tag_code
