{#- The points of fit_rules.csv for a figure of a factor that rests on a source; NULL without a figure. -#}
{%- macro fit_points(factor, source, figure) -%}
case
            {%- for row in reference('fit_rules') %}
            when
                {{ factor }} = {{ literal(row.factor) }}
                and {{ source }} = {{ literal(row.source) }}
                and {{ in_band(row, figure) }}
                then {{ row.points }}
            {%- endfor %}
        end
{%- endmacro -%}

{#- The most points that a factor can have with a source. -#}
{%- macro fit_most_points(factor, source) -%}
case
            {%- for pair in reference('fit_rules') | groupby('factor') %}
            {%- for group in pair.list | groupby('source') %}
            when
                {{ factor }} = {{ literal(pair.grouper) }}
                and {{ source }} = {{ literal(group.grouper) }}
                then {{ group.list | map(attribute='points') | map('int') | max }}
            {%- endfor %}
            {%- endfor %}
        end
{%- endmacro -%}

{#- A figure as people read it: 1234.50 CNY, 31.8 %, 42 days, 3 of 5. `unit` is amount, rate, days or score. -#}
{%- macro fit_text(figure, unit, days, of_five) -%}
case {{ unit }}
            when 'amount'
                then cast(cast({{ figure }} as decimal(18, 2)) as varchar) || ' {{ var('currency') }}'
            when 'rate' then cast(cast({{ figure }} * 100 as decimal(18, 1)) as varchar) || ' %'
            when 'days' then cast(cast({{ figure }} as decimal(18, 1)) as varchar) || ' {{ days }}'
            else cast(cast({{ figure }} as decimal(18, 0)) as varchar) || ' {{ of_five }}'
        end
{%- endmacro -%}

{#- Whether a condition holds, as a word. -#}
{%- macro fit_condition(condition, yes, no) -%}
case when {{ condition }} then '{{ yes }}' else '{{ no }}' end
{%- endmacro -%}

{#- A share as people read it: 31.8 %. -#}
{%- macro fit_percent(share) -%}
cast(cast({{ share }} * 100 as decimal(18, 1)) as varchar) || ' %'
{%- endmacro -%}

{#- Days as people read them: 42.0. -#}
{%- macro fit_days(days) -%}
cast(cast({{ days }} as decimal(18, 1)) as varchar)
{%- endmacro -%}
