{#- Addresses as keys, to compare them: 12 North Main Street, Apt. 3 and 12 N Main St #3 become one. By reference/regions.csv
    and address_words.csv. -#}

{#- A text that may be an address, without a province (江苏省) before one of its own cities (苏州): people leave it out. A
    province before another place stays: 上海黄山路 is a road in Shanghai. NULL if it is a placeholder or a mail address. -#}
{%- macro address_text(column) -%}
{%- set between = '[^0-9a-zA-Z０-９ａ-ｚＡ-Ｚ一-龥]*' -%}
{%- set ending = '(?:' ~ REGION_ENDINGS | join('|') ~ ')?' ~ between -%}
{%- set provinces, cities = [], {} -%}
{%- for row in reference('regions') -%}
{%- if row.kind == 'province' %}{% set _ = provinces.append(row.region) %}{% endif -%}
{%- if row.kind == 'city' and row.province %}{% set _ = cities.setdefault(row.province, []).append(row.region) %}{% endif -%}
{%- endfor -%}
{#- A city may have the name of its province: 吉林省吉林市, 上海市上海市. -#}
{%- set heads = [] -%}
{%- for province in provinces | sort -%}
{%- set _ = heads.append(province ~ ending ~ one_of(cities.get(province, []) + [province ~ '市'])) -%}
{%- endfor -%}
{%- set before = '^' ~ between ~ '(?:[0-9０-９]{6}' ~ between ~ ')?(?:中国' ~ between ~ ')?' -%}
case
    when contains({{ column }}, '@') or regexp_matches({{ column }}, {{ placeholder('identifier') }}) then null
    when regexp_matches({{ column }}, '{{ before }}(?:{{ heads | join('|') }})')
        then regexp_replace({{ column }}, '{{ before }}{{ one_of(provinces) }}{{ ending }}', '', 'g')
    else {{ column }}
end
{%- endmacro -%}

{#- A word in the form that address_words.csv gives it; a word that ends like a street in two: hauptstrasse becomes
    haupt st. -#}
{%- macro address_word(word) -%}
{%- set signs = {'unit': '#', 'floor': '%', 'building': '&', 'dropped': ''} -%}
{%- set normals, endings = {}, [] -%}
{%- for row in reference('address_words') | sort(attribute='word') -%}
{%- if row.kind == 'ending' %}{% set _ = endings.append(row) %}
{%- elif row.kind != 'country' %}{% set _ = normals.update({row.word: signs.get(row.kind, row.normal)}) %}
{%- endif -%}
{%- endfor -%}
case
    when {{ word }} < 'a' or {{ word }} >= '{' then {{ word }}
    else coalesce(
        map {
            {%- for written, normal in normals | dictsort %}
            '{{ written }}': '{{ normal }}'{{ "," if not loop.last }}
            {%- endfor %}
        }[{{ word }}],
        {%- for row in endings | sort(attribute='word', reverse=true) %}
        case
            when length({{ word }}) > {{ row.word | length }} and ends_with({{ word }}, '{{ row.word }}')
                then left({{ word }}, length({{ word }}) - {{ row.word | length }}) || ' {{ row.normal }}'
        end,
        {%- endfor %}
        {{ word }}
    )
end
{%- endmacro -%}

{#- The key of an address; NULL if it names no house, building or room, such as a city alone, or 同上. -#}
{%- macro normal_address(column) -%}
{%- set countries = [] -%}
{%- for row in reference('address_words') if row.kind == 'country' %}{% set _ = countries.append(row.word) %}{% endfor -%}
{%- call checked(column, 'no address') -%}
fn_address_key(regexp_replace(
    array_to_string(
        list_transform(
            string_split(fn_address_words({{ address_text(column) }}), ' '),
            lambda word: {{ address_word('word') }}
        ),
        ' '
    ),
    ' {{ one_of(countries) }}[ ,]*$',
    ' ',
    'g'
))
{%- endcall -%}
{%- endmacro -%}
