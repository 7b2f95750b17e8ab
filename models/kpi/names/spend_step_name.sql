/*
description: Names of the steps that money is spent on, as members of the KPI dimension spend_step.
grain: [dimension, member]
*/
{{ config(published=false, materialized='view') }}
{%- set steps = [
    ('acquire', '获客', 'Acquire'), ('nurture', '培育', 'Nurture'), ('convert', '转化', 'Convert'),
    ('serve', '服务', 'Serve')
] %}
{%- for step, zh, en in steps %}
select
    'spend_step' as dimension,{{ '  -- spend_step.' if loop.first }}
    '{{ step }}' as member,{{ '  -- Step, as in records.spend.' if loop.first }}
    '{{ zh }}' as name_zh,{{ '  -- Chinese name.' if loop.first }}
    '{{ en }}' as name_en{{ '  -- English name.' if loop.first }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
