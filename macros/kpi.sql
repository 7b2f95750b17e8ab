{#- The number of business days that a dimension is kept for. -#}
{%- macro kpi_days(dimension) -%}
{%- if dimension in ('total', 'channel') -%}
{{ var('kpi_days') }}
{%- else -%}
{{ var('kpi_days_other') }}
{%- endif -%}
{%- endmacro -%}

{#- A rate or ratio; NULL without a denominator. -#}
{%- macro ratio(numerator, denominator) -%}
cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as decimal(24, 6))
{%- endmacro -%}
