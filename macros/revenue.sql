{#- Who is no customer, whatever they buy: staff, competitors and bots. For an anti join by
    person_key. -#}
{%- macro no_customers() -%}
(
    select distinct person_key
    from {{ ref('person_exclusion') }}
    where kind in ('staff', 'competitor', 'bot')
)
{%- endmacro -%}
