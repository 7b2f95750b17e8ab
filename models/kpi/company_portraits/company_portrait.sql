/*
description: What tags say of companies, as far as product fit rests on it, with the names of the
  values.
grain: [entity_key, tag_code]
*/
{{ config(published=false, materialized='view') }}
select
    a.account_key as entity_key,  -- Number of the company in this release.
    'industry' as tag_code,  -- Tag.
    t.tag_value,  -- Its value.
    m.name_zh,  -- Chinese name of the value.
    m.name_en  -- English name of the value.
from {{ ref('account_tag') }} as t
inner join {{ ref('account') }} as a on t.account_id = a.account_id
left join {{ ref('tag_member') }} as m on t.tag_code = m.tag_code and t.tag_value = m.tag_value
where t.tag_code = 'industry'
