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

{%- macro normal_credit_code(column) -%}
{%- call checked(column, 'no unified social credit code') -%}
case
    when regexp_matches(upper(trim({{ half_width(column) }})), '^[0-9A-HJ-NPQRTUWXY]{18}$')
        then upper(trim({{ half_width(column) }}))
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
