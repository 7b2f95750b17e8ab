{#- Identifiers in their normal form. A text that is not a valid identifier becomes NULL and is counted: `checked` names
    the field and the reason. -#}

{%- macro half_width(column) -%}
translate({{ column }}, '０１２３４５６７８９＋－＠．　', '0123456789+-@. ')
{%- endmacro -%}

{#- Classes of characters for patterns: invisible characters (width, direction, BOM), blanks of every width with tabs and
    line ends, and dashes. -#}
{%- set _invisible = '\\x{00AD}\\x{180E}\\x{200B}-\\x{200F}\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{FEFF}' -%}
{%- set _blank = ' \\x{0009}-\\x{000D}\\x{00A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}' -%}
{%- set _dash = '\\-\\x{2010}-\\x{2015}\\x{2212}\\x{FE58}\\x{FE63}' -%}
{%- set _quote = '"`\\x{0027}\\x{2018}-\\x{201F}' -%}

{#- A mobile as forms, Excel and pandas write it: 138-0000-0001, +86(0)138…, ="138…", 13800000001.0, 13,800,000,001,
    1.3800000001E+10. All eleven digits must be there: 1.38E+10 is not a mobile. A dot within the first three digits or
    before the last two is not a separator, because the value may be a decimal number. Most values are in the normal
    form, so the cheap test comes first. -#}
{%- macro normal_mobile(column) -%}
{%- set plain = half_width(column) -%}
{%- set around = _blank ~ _invisible ~ _dash ~ _quote ~ '()（）=·' -%}
{%- set loose, tight = '[' ~ around ~ '.,]*', '[' ~ around ~ ']*' -%}
{%- set head = '^' ~ loose ~ '(?:[Tt][Ee][Ll]:)?' ~ loose ~ '(?:[+]?' ~ loose ~ '(?:00)?86' ~ loose ~ ')?(?:0' ~ loose ~ ')?' -%}
{%- set first, rest = '1' ~ tight ~ '[3-9]' ~ tight ~ '[0-9]', '(?:' ~ loose ~ '[0-9]){6}(?:' ~ tight ~ '[0-9]){2}' -%}
{%- set digits = '(' ~ first ~ rest ~ '|1[3-9](?:[.,][0-9]{3}){3})' -%}
{%- set tail = '(?:[.,]0{1,2})?[;；。，、,.' ~ around ~ ']*$' -%}
{%- set written = head ~ digits ~ tail -%}
{%- set power = '^' ~ tight ~ '(?:1[.,][3-9][0-9]{9}[Ee][+]?10|8[.,]61[3-9][0-9]{9}[Ee][+]?12)' ~ tight ~ '$' -%}
{%- call checked(column, 'no mobile number') -%}
case
    when regexp_matches({{ column }}, '^(?:[+]86)?1[3-9][0-9]{9}$') then '+86' || right({{ column }}, 11)
    when regexp_matches({{ plain }}, '{{ written }}')
        then '+86' || regexp_replace(regexp_extract({{ plain }}, '{{ written }}', 1), '[^0-9]', '', 'g')
    when regexp_matches({{ plain }}, '{{ power }}')
        then '+861' || regexp_extract({{ plain }}, '([3-9][0-9]{9})[Ee]', 1)
end
{%- endcall -%}
{%- endmacro -%}

{#- A mail address, also as people copy it: mailto:li@firm.cn, <li@firm.cn>, Li Lei <li@firm.cn>, li@firm.cn; Invisible
    characters in it are removed. -#}
{%- macro normal_email(column) -%}
{%- set address = '[a-z0-9._%+-]+@[a-z0-9.-]+[.][a-z]{2,}' -%}
{%- set plain = "lower(regexp_replace(" ~ half_width(column) ~ ", '[" ~ _invisible ~ "]', '', 'g'))" -%}
{%- set around = _blank ~ _quote ~ '=()（）《》<>\\[\\]' -%}
{%- set copied = '^(?:[^<@]*<)?[' ~ around ~ ']*(?:mailto:)?[' ~ around ~ ']*(' ~ address ~ ')(?:[?][^ ]*)?[.,;:；，。、' ~ around ~ ']*$' -%}
{%- call checked(column, 'no mail address') -%}
case
    when regexp_matches({{ column }}, '^{{ address }}$') then {{ column }}
    when regexp_matches({{ plain }}, '{{ copied }}') then regexp_extract({{ plain }}, '{{ copied }}', 1)
end
{%- endcall -%}
{%- endmacro -%}

{#- GB 32100-2015: the 18th character is (31 - sum of values times 3^i modulo 31) modulo 31, in these 31 characters. -#}
{%- macro normal_credit_code(column) -%}
{%- set code = "upper(fn_trim(" ~ half_width(column) ~ "))" -%}
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
{%- set domain = "lower(fn_trim(" ~ half_width(column) ~ "))" -%}
{%- call checked(column, 'no mail domain') -%}
case when regexp_matches({{ domain }}, '^[a-z0-9.-]+[.][a-z]{2,}$') then {{ domain }} end
{%- endcall -%}
{%- endmacro -%}

{#- A value that matches the pattern of its type, without outer blanks and quotes. Most values have none. -#}
{%- macro matching(column, pattern) -%}
case
    when regexp_matches({{ column }}, '{{ pattern }}') then {{ column }}
    when regexp_matches(fn_trim({{ column }}), '{{ pattern }}') then fn_trim({{ column }})
end
{%- endmacro -%}

{#- WeChat: 'o' and some 27 characters more, whatever account or company it belongs to. -#}
{%- macro normal_unionid(column) -%}
{%- call checked(column, 'no unionid') -%}
{{ matching(column, id_regex('unionid')) }}
{%- endcall -%}
{%- endmacro -%}

{%- macro normal_openid(column) -%}
{%- call checked(column, 'no openid') -%}
{{ matching(column, id_regex('openid')) }}
{%- endcall -%}
{%- endmacro -%}

{#- WeCom: an external contact is 'wm' (WeChat) or 'wo' (WeCom) and more; a member of staff is not. -#}
{%- macro normal_external_userid(column) -%}
{%- call checked(column, 'no external contact of WeCom') -%}
{{ matching(column, id_regex('external_userid')) }}
{%- endcall -%}
{%- endmacro -%}

{#- As on the nameplate: letters keep their case, full width becomes half. -#}
{%- macro normal_device_serial(column) -%}
{%- call checked(column, 'no serial number') -%}
{{ matching(half_width(column), id_regex('device_serial')) }}
{%- endcall -%}
{%- endmacro -%}

{#- Letters, digits and blanks in half width, brackets in full width, as companies are registered. Invisible marks are
    removed; few names have any of all these. What forms and people write for no company is in placeholder_words.csv. -#}
{%- macro normal_company_name(column) -%}
{%- set full = '０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ＆－．　()\t\r\n\u00a0' -%}
{%- set half = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz&-. （）    ' -%}
{%- set unseen = '\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff' -%}
{%- set translated = "translate(" ~ column ~ ", '" ~ full ~ unseen ~ "', '" ~ half ~ "')" -%}
{%- set name = "trim(case when regexp_matches(" ~ column ~ ", '[" ~ full ~ unseen ~ "]') then " ~ translated ~ " else " ~ column ~ " end)" -%}
{%- call checked(column, 'no company name') -%}
case
    when
        regexp_matches({{ name }}, '[a-zA-Z一-龥]')
        and not contains({{ name }}, '�')
        and regexp_matches({{ name }}, '[0-9a-zA-Z一-龥].*[0-9a-zA-Z一-龥]')
        and not regexp_matches({{ name }}, {{ placeholder('company_name') }})
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
{%- set plain = "translate(" ~ half_width(column) ~ ", '\u00a0\u202f\u2010\u2011\u2012\u2013\u2014\u2212', '  ------')" -%}
{%- set found = "regexp_extract(" ~ plain ~ ", '" ~ pattern ~ "', 2)" -%}
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
case
    when not regexp_matches({{ column }}, {{ placeholder('identifier') }})
        then {{ matching(column, id_regex(id)) }}
end
{%- endcall -%}
{%- endif -%}
{%- endmacro -%}
