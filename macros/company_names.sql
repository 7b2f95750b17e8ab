{#- Company names, split into parts: 上海华阳机电（集团）有限公司 is region 上海 and core 华阳机电. By reference/regions.csv and
    legal_forms.csv. -#}

{#- What may follow the name of a region: 广东省, 上海市, 广西壮族自治区. -#}
{%- set REGION_ENDINGS = [
    '特别行政区', '壮族自治区', '回族自治区', '维吾尔自治区', '自治区', '自治州', '地区', '省', '市'
] -%}

{#- A pattern that matches one of some texts. Of two texts that begin alike the longer comes first. -#}
{%- macro one_of(texts) -%}
(?:{{ texts | sort(reverse=true) | join('|') }})
{%- endmacro -%}

{#- A legal form as folded names write it: upper case, blanks for dots and commas. -#}
{%- macro folded_form(form) -%}
{{ (form | upper | replace('.', ' ') | replace(',', ' ')).split() | join(' ') }}
{%- endmacro -%}

{#- Text after a legal form in Latin letters, such as an address: AKZO NOBEL N.V., ARNHEM, NL. Group 1 is the name. A
    region in Chinese is not dropped. -#}
{%- macro name_before_address(forms) -%}
{%- set latin = [] -%}
{%- for form in forms if form | lower != form -%}
{%- set _ = latin.append(folded_form(form) | replace(' ', '[., ]{1,3}')) -%}
{%- endfor -%}
^(.*[ .,，]{{ one_of(latin) }}[.]?) ?[,;，；][^一-龥]*$
{%- endmacro -%}

{#- A pattern for legal forms at the end of a name. A form in Latin letters must be a separate word. -#}
{%- macro form_pattern(forms) -%}
{%- set latin, other = [], [] -%}
{%- for form in forms -%}
{%- if form | lower != form %}{% set _ = latin.append(folded_form(form)) %}{% else %}{% set _ = other.append(form) %}{% endif -%}
{%- endfor -%}
(?: ?{{ one_of(other) }}{% if latin %}|(?:^| ){{ one_of(latin) }}{% endif %})
{%- endmacro -%}

{#- CTEs up to `parted`: the region and core of each company_name of `names`, the core also with the blanks between its
    words, and whether the name ends with a registered legal form. -#}
{%- macro parted_names(names) -%}
{%- set ending = '(?:' ~ REGION_ENDINGS | join('|') ~ ')?' -%}
{%- set regions, provinces, cities, own = [], [], [], {} -%}
{%- for row in reference('regions') -%}
{%- set _ = regions.append(row.region) -%}
{%- set _ = (cities if row.kind == 'city' else provinces).append(row.region) -%}
{%- if row.kind == 'city' %}{% set _ = own.setdefault(row.province, []).append(row.region) %}{% endif -%}
{%- endfor -%}
{%- set removed, complete = [], [] -%}
{%- for row in reference('legal_forms') -%}
{%- if row.is_removed == 'true' %}{% set _ = removed.append(row.legal_form) %}{% endif -%}
{%- if row.is_complete == 'true' %}{% set _ = complete.append(row.legal_form) %}{% endif -%}
{%- endfor -%}
{%- set region, province, city = one_of(regions) ~ ending, one_of(provinces) ~ ending, one_of(cities) ~ ending -%}
{#- A city counts only after its own province: 上海黄山茶叶 is tea in Shanghai. -#}
{%- set heads = [] -%}
{%- for name, places in own | dictsort -%}
{%- set _ = heads.append((name ~ ending ~ one_of(places) ~ ending) if name else one_of(places) ~ ending) -%}
{%- endfor -%}
{%- set head = '(?:' ~ heads | join('|') ~ '|' ~ city ~ ')' -%}
addressed as (
    select
        company_name,
        coalesce(
            nullif(regexp_extract(upper(company_name), '{{ name_before_address(complete) }}', 1), ''),
            upper(company_name)
        ) as text
    from {{ names }}
),

folded as (
    select
        company_name,
        trim(regexp_replace(
            regexp_replace(text, '[.,;:!?，。、；：！？·"“”‘’`\x{0027}]', ' ', 'g'), '[ \t]+', ' ', 'g'
        )) as text
    from addressed
),

-- A branch counts as its company: drop what follows the legal form.
headed as (
    select
        company_name,
        coalesce(
            {%- for ended in ['公司', '厂'] %}
            nullif(regexp_extract(
                text, '^(.*?{{ ended }}).*(?:分公司|分行|支行|分厂|办事处|代表处|营业部|事业部|分部|分店)）?$', 1
            ), ''),
            {%- endfor %}
            text
        ) as text
    from folded
),

bracketed as (
    select
        company_name,
        regexp_extract(text, '（ ?({{ one_of(regions) }}){{ ending }} ?）', 1) as bracket_region,
        trim(regexp_replace(
            regexp_replace(text, '（ ?{{ region }} ?）', ' ', 'g'), '[（） ]+', ' ', 'g'
        )) as text
    from headed
),

located as (
    select
        company_name,
        text,
        bracket_region,
        regexp_extract(
            regexp_extract(text, '^({{ head }}).{2,}$', 1), '({{ one_of(cities) }}){{ ending }}$', 1
        ) as leading_city,
        regexp_extract(text, '^({{ one_of(provinces) }}){{ ending }}.{2,}$', 1) as leading_province,
        regexp_extract(text, ' ({{ one_of(regions) }}){{ ending }}$', 1) as trailing_region
    from bracketed
),

placed as (
    select
        company_name,
        coalesce(
            nullif(bracket_region, ''), nullif(leading_city, ''), nullif(leading_province, ''),
            nullif(trailing_region, ''), ''
        ) as region,
        case
            when bracket_region <> '' then text
            when leading_city <> '' then regexp_extract(text, '^{{ head }}(.{2,})$', 1)
            when leading_province <> '' then regexp_extract(text, '^{{ province }}(.{2,})$', 1)
            when regexp_matches(text, '^{{ region }}$') then ''
            when trailing_region <> '' then regexp_replace(text, ' {{ region }}$', '', 'g')
            else text
        end as text
    from located
),

split as (
    select
        company_name,
        region,
        regexp_matches(text, '{{ form_pattern(complete) }}$') as is_complete,
        trim(regexp_replace(text, '{{ form_pattern(removed) }}+$', '', 'g')) as words
    from placed
),

parted as (
    select
        company_name,
        region,
        is_complete,
        words,
        replace(words, ' ', '') as core
    from split
)
{%- endmacro -%}

{#- The companies that fit names by `fitting`, or else by records that carry the name (CTE allowed_beside). -#}
{%- macro fitting_companies(fitting, is_complete) -%}
    select
        node,
        account_key,
        'full name' as basis
    from {{ fitting }}
    union all
    select
        b.node,
        b.account_key,
        'same record' as basis
    from allowed_beside as b
    anti join {{ fitting }} as f on b.node = f.node
    where {{ 'b.is_complete' if is_complete else 'not b.is_complete' }}
{%- endmacro -%}

{#- The number of companies that fit each name, and the company if it is one. -#}
{%- macro counted_companies(candidates) -%}
    select
        node,
        basis,
        count(*) as account_count,
        min(account_key) as account_key
    from {{ candidates }}
    group by node, basis
{%- endmacro -%}

{#- CTE `region_forms`: how channels write the regions of regions.csv, with or without an ending, as `form`; the region; and
    its province as `code`. A country has no province. -#}
{%- macro region_forms() -%}
region_endings as (
    select '' as ending
    {%- for ending in REGION_ENDINGS %}
    union all
    select '{{ ending }}' as ending
    {%- endfor %}
),

folded_regions as (
    select
        region,
        fn_folded(region) as form,
        coalesce(province, region) as code
    from {{ ref('regions') }}
    where kind = 'province' or (kind = 'city' and province is not null)
),

region_forms as (
    select
        r.form || e.ending as form,
        r.region,
        r.code
    from folded_regions as r
    cross join region_endings as e
    qualify
        row_number() over (
            partition by r.form || e.ending order by length(e.ending), r.region
        ) = 1
)
{%- endmacro -%}
