{#- Identifiers in their normal form. A text that is not a valid identifier becomes NULL and is counted: `checked` names
    the field and the reason. -#}

{%- macro half_width(column) -%}
translate({{ column }}, '０１２３４５６７８９＋－＠．　', '0123456789+-@. ')
{%- endmacro -%}

{#- Also removes invisible characters: tabs that shops put around numbers for Excel, no-break spaces, and marks of width
    and direction that iOS copies with a number. -#}
{%- macro digits_of(column) -%}
regexp_replace({{ half_width(column) }}, '[ ()\-\x{0009}\x{00A0}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2069}\x{FEFF}]', '', 'g')
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

{#- WeChat: 'o' and some 27 characters more, whatever account or company it belongs to. -#}
{%- macro normal_unionid(column) -%}
{%- call checked(column, 'no unionid') -%}
case when regexp_matches(fn_trim({{ column }}), '{{ id_regex('unionid') }}') then fn_trim({{ column }}) end
{%- endcall -%}
{%- endmacro -%}

{%- macro normal_openid(column) -%}
{%- call checked(column, 'no openid') -%}
case when regexp_matches(fn_trim({{ column }}), '{{ id_regex('openid') }}') then fn_trim({{ column }}) end
{%- endcall -%}
{%- endmacro -%}

{#- WeCom: an external contact is 'wm' (WeChat) or 'wo' (WeCom) and more; a member of staff is not. -#}
{%- macro normal_external_userid(column) -%}
{%- call checked(column, 'no external contact of WeCom') -%}
case
    when regexp_matches(fn_trim({{ column }}), '{{ id_regex('external_userid') }}')
        then fn_trim({{ column }})
end
{%- endcall -%}
{%- endmacro -%}

{#- As on the nameplate: letters keep their case, full width becomes half. -#}
{%- macro normal_device_serial(column) -%}
{%- set serial = "fn_trim(" ~ half_width(column) ~ ")" -%}
{%- call checked(column, 'no serial number') -%}
case when regexp_matches({{ serial }}, '{{ id_regex('device_serial') }}') then {{ serial }} end
{%- endcall -%}
{%- endmacro -%}

{#- Letters, digits and blanks in half width, brackets in full width, as companies are registered. -#}
{%- macro normal_company_name(column) -%}
{%- set full = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ＆－．　()' -%}
{%- set half = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz&-. （）' -%}
{%- set name = "trim(translate(" ~ column ~ ", '" ~ full ~ "', '" ~ half ~ "'))" -%}
{%- call checked(column, 'no company name') -%}
case
    when
        regexp_matches({{ name }}, '[a-zA-Z一-龥]')
        and not contains({{ name }}, '�')
        and regexp_matches({{ name }}, '[0-9a-zA-Z一-龥].*[0-9a-zA-Z一-龥]')
        and regexp_replace(lower({{ name }}), '[^0-9a-z一-龥]', '', 'g') not in (
            '个人', '个体', '无公司', '无单位', '没有', '暂无', '未知', '保密', '自由职业', 'none', 'null', 'na', 'test', '测试'
        )
        then {{ name }}
end
{%- endcall -%}
{%- endmacro -%}

{#- The first mobile in a free text, such as a remark: 李部长 138-0000-0001. Part of a longer number or word, or
    an amount, does not count. A text without a mobile number is not an invalid value. -#}
{%- macro mobile_in_text(column) -%}
{%- set prefix = "(?:[+]?86|0086)?[ -]?" -%}
{%- set number = "1[3-9][0-9](?:[ -]?[0-9]{4}[ -]?[0-9]{4}|[ -][0-9]{3}[ -][0-9]{5})" -%}
{%- set pattern = "(^|[^0-9a-zA-Z¥￥$])(" ~ prefix ~ number ~ ")($|[^0-9a-zA-Z])" -%}
{%- set found = "regexp_extract(" ~ half_width(column) ~ ", '" ~ pattern ~ "', 2)" -%}
case when {{ found }} <> '' then '+86' || right(regexp_replace({{ found }}, '[ -]', '', 'g'), 11) end
{%- endmacro -%}

{#- An identifier of any type in its normal form; NULL if it is not valid. -#}
{%- macro normal_identifier(id, column) -%}
{%- set normal = {
    'unionid': normal_unionid, 'openid': normal_openid, 'external_userid': normal_external_userid,
    'mobile': normal_mobile, 'email': normal_email, 'device_serial': normal_device_serial,
    'credit_code': normal_credit_code, 'email_domain': normal_domain, 'company_name': normal_company_name,
} -%}
{%- if id in normal -%}
{{ normal[id](column) }}
{%- else -%}
{%- call checked(column, 'no ' ~ id) -%}
case when regexp_matches(fn_trim({{ column }}), '{{ id_regex(id) }}') then fn_trim({{ column }}) end
{%- endcall -%}
{%- endif -%}
{%- endmacro -%}
