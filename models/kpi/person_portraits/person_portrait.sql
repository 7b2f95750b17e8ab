/*
description: What tags say of people, as far as product fit and capabilities rest on it, with the
  names of the values.
grain: [entity_key, tag_code]
*/
{{ config(published=false, materialized='view') }}
{%- for code in ['job_function', 'top_topic', 'course_progress', 'service_satisfaction'] %}
select
    p.person_key as entity_key,{{ '  -- Number of the person in this release.' if loop.first }}
    '{{ code }}' as tag_code,{{ '  -- Tag.' if loop.first }}
    t.tag_value,{{ '  -- Its value.' if loop.first }}
    m.name_zh,{{ '  -- Chinese name of the value.' if loop.first }}
    m.name_en{{ '  -- English name of the value.' if loop.first }}
from {{ ref('person_tag') }} as t
inner join {{ ref('person') }} as p on t.one_id = p.one_id
left join {{ ref('tag_member') }} as m on t.tag_code = m.tag_code and t.tag_value = m.tag_value
where t.tag_code = '{{ code }}'
{{ 'union all' if not loop.last }}
{%- endfor %}
