{#- Rows of people, each in the segment between two setbacks it lies in; 0 before the first. -#}
{%- macro with_segment(relation, moment, columns) -%}
select
    {%- for column in columns %}
    r.{{ column }},
    {%- endfor %}
    r.person_key,
    r.{{ moment }},
    coalesce(s.setback_no, 0) as segment_no
from {{ relation }} as r
left join {{ ref('stage_setback') }} as s
    on
        r.person_key = s.person_key
        and r.{{ moment }} > s.setback_at
        and coalesce(r.{{ moment }} <= s.next_setback_at, true)
{%- endmacro -%}

{%- macro stage_rule(name) -%}
(select cast(max(value) as bigint) from {{ ref('stage_rules') }} where rule = '{{ name }}')
{%- endmacro -%}
