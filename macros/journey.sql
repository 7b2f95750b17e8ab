{#- Rows of people, each in the segment between two setbacks it lies in; 0 before the first. -#}
{%- macro with_segment(relation, moment, columns) -%}
select
    {%- for column in columns %}
    r.{{ column }},
    {%- endfor %}
    r.person_key,
    r.{{ moment }},
    coalesce(s.setback_no, 0) as segment_no,
    s.setback_at as segment_from
from {{ relation }} as r
left join {{ ref('stage_setback') }} as s
    on
        r.person_key = s.person_key
        and r.{{ moment }} > s.setback_at
        and coalesce(r.{{ moment }} <= s.next_setback_at, true)
{%- endmacro -%}

{#- A number of stage_rules.csv. -#}
{%- macro stage_rule(name) -%}
(select cast(max(value) as bigint) from {{ ref('stage_rules') }} where rule = '{{ name }}')
{%- endmacro -%}

{#- A number of thresholds.csv, as a literal: an interval takes nothing else. -#}
{%- macro threshold(name) -%}
{{ (reference('thresholds') | selectattr('threshold', 'equalto', name) | first).value | int }}
{%- endmacro -%}

{#- What 0.5 to the power of `halvings` is, to the last digit. -#}
{%- macro decay(halvings) -%}
cast({{ '%.7f' | format(0.5 ** halvings) }} as decimal(8, 7))
{%- endmacro -%}

{#- What people are known as, in every version of a record: what was once said stays said. -#}
{%- macro contact_versions(columns) -%}
select
    channel,
    record_id,
    observed_at,
    {{ columns | join(', ') }}
from {{ ref('contact') }}
union all
select
    channel,
    record_id,
    observed_at,
    {{ columns | join(', ') }}
from ({{ union_shape('contact', versions='superseded') }}) as superseded
{%- endmacro -%}

{#- The rows of exclusion_rules.csv with one of some signals. -#}
{%- macro exclusion_rules_by(signals) -%}
(
    select
        rule,
        value
    from {{ ref('exclusion_rules') }}
    where signal in ('{{ signals | join("', '") }}')
)
{%- endmacro -%}
