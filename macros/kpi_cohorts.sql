{#- The first business day that a dimension is kept for. -#}
{%- macro kpi_first_day(dimension) -%}
cast(fn_as_of() - ({{ kpi_days(dimension) }} - 1) * interval 1 day as date)
{%- endmacro -%}

{#- The first business day of which kpi_figure keeps cohorts of a KPI: as many days with a closed window as a dimension is
    kept for. -#}
{%- macro kpi_first_cohort(dimension, kpi_code) -%}
cast(
    fn_as_of() - ({{ kpi_days(dimension) }} + {{ kpi_window(kpi_code) }} - 1) * interval 1 day as date
)
{%- endmacro -%}

{#- The Monday of the week of a date. -#}
{%- macro week_of(date) -%}
cast(
    {{ date }} - (date_diff('day', date '1900-01-01', {{ date }}) % 7) * interval 1 day as date
)
{%- endmacro -%}
