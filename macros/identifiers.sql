{#- Identifiers in one form each. A text that is no such identifier gives NULL, and is
    counted: `checked` says which field it stood in and what it is not. -#}

{%- macro half_width(column) -%}
translate({{ column }}, '０１２３４５６７８９＋－＠．　', '0123456789+-@. ')
{%- endmacro -%}

{%- macro digits_of(column) -%}
regexp_replace({{ half_width(column) }}, '[ ()\-]', '', 'g')
{%- endmacro -%}

{%- macro normal_mobile(column) -%}
{%- call checked(column, 'no mobile number') -%}
case
    when regexp_matches({{ digits_of(column) }}, '^([+]?86|0086)?1[3-9][0-9]{9}$')
        then '+86' || right({{ digits_of(column) }}, 11)
end
{%- endcall -%}
{%- endmacro -%}

{%- macro normal_email(column) -%}
{%- call checked(column, 'no mail address') -%}
case
    when regexp_matches(
        lower(trim({{ half_width(column) }})), '^[a-z0-9._%+-]+@[a-z0-9.-]+[.][a-z]{2,}$'
    )
        then lower(trim({{ half_width(column) }}))
end
{%- endcall -%}
{%- endmacro -%}

{#- GB 32100-2015: the 18th character is (31 - sum of values times 3^i modulo 31) modulo 31, in these 31 characters. -#}
{%- macro normal_credit_code(column) -%}
{%- set code = "upper(trim(" ~ half_width(column) ~ "))" -%}
{%- set characters = "'0123456789ABCDEFGHJKLMNPQRTUWXY'" -%}
{%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] -%}
{%- call checked(column, 'no unified social credit code') -%}
case
    when
        regexp_matches({{ code }}, '^[0-9A-HJ-NPQRTUWXY]{18}$')
        and right({{ code }}, 1) = substr({{ characters }}, 1 + (31 - (
            {%- for weight in weights %}
            {{ "+ " if not loop.first }}{{ weight }} * (strpos({{ characters }}, substr({{ code }}, {{ loop.index }}, 1)) - 1)
            {%- endfor %}
        ) % 31) % 31, 1)
        then {{ code }}
end
{%- endcall -%}
{%- endmacro -%}

{%- macro normal_domain(column) -%}
{%- call checked(column, 'no mail domain') -%}
case
    when regexp_matches(lower(trim({{ half_width(column) }})), '^[a-z0-9.-]+[.][a-z]{2,}$')
        then lower(trim({{ half_width(column) }}))
end
{%- endcall -%}
{%- endmacro -%}
