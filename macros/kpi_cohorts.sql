{#- The first business day that a dimension is kept for. -#}
{%- macro kpi_first_day(dimension) -%}
cast(fn_as_of() - ({{ kpi_days(dimension) }} - 1) * interval 1 day as date)
{%- endmacro -%}

{#- The Monday of the week of a date. -#}
{%- macro week_of(date) -%}
cast(
    {{ date }} - (date_diff('day', date '1900-01-01', {{ date }}) % 7) * interval 1 day as date
)
{%- endmacro -%}
